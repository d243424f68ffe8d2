"""Importing the module of a flow that is to run here."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any

from kitaru._core.code import loading
from kitaru._zenml.door.source_root import use_source_root
from kitaru._zenml.records.events import marking_loading
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


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


def _spec_of_script(name: str, file: str) -> ModuleSpec | None:
    """Return how a script is loaded, whatever its file is called: a program need not end in .py."""
    return importlib.util.spec_from_file_location(name, file, loader=SourceFileLoader(name, file))


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
            _import(name, file)


def _import(name: str, file: str | None) -> None:
    parent, _, child = name.rpartition(".")
    if parent:
        importlib.import_module(parent)
        if name in sys.modules:  # the package has imported it
            return
    spec = _spec_of_script(name, file) if file else importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r} on the import path {sys.path}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with suppress(loading.StopLoading):  # what comes after it waits for its own execution is not for the runner
            spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    if parent:
        setattr(sys.modules[parent], child, module)
