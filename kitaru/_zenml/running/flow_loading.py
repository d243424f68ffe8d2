"""Importing the module of a flow that is to run here."""

from __future__ import annotations

import sys
from typing import Any

from kitaru._core.code import importing, loading
from kitaru._zenml.door.source_root import use_source_root
from kitaru._zenml.records.events import marking_loading
from kitaru.errors import KitaruUsageError


def load_flow(job: dict[str, Any]) -> None:
    """Import the module of the flow, without starting what its top level starts.

    Raises:
        KitaruUsageError: The module is imported, and the flow is not in it.
        Exception: Whatever the module raises.
    """
    use_source_root(job["source_root"])
    name, file = job["module"]["name"], job["module"]["file"]
    with loading.loading(job["exec_id"]):
        import_module(name, file)
    if not hasattr(sys.modules[name], job["entry"]):
        raise KitaruUsageError(
            f"Flow {job['flow']!r} is not there when its module {name!r} is imported. The runner imports the module, it "
            f"does not run it as a script: define the flow at the module's top level, outside of "
            f'`if __name__ == "__main__":` and of functions, and before the line that starts it.'
        )


def import_module(name: str, file: str | None) -> None:
    """Import a flow's module, unless it is there, without starting what its top level starts.

    Args:
        name: Its name.
        file: Its file, where it is a script that has to be loaded by path.

    Raises:
        Exception: Whatever the module raises.
    """
    if name not in sys.modules:
        with marking_loading():
            importing.import_module(name, file)
