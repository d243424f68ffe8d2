"""Whether the runner is importing a flow's module just now.

A script may start its flow at its top level. When the runner imports that script, the call must not start another
execution: it gives the handle of the one that is being run, and waiting for that ends the import, as everything the
runner needs has been defined by then.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_executing: list[str] = []
_OF_THIS_CONTAINER = "the execution of this container"


class StopLoading(BaseException):
    """The module waits for its own execution: enough of it has been imported."""


def execution() -> str | None:
    """Return the execution whose module is being imported, or None."""
    if _executing:
        return _executing[-1]
    return _OF_THIS_CONTAINER if _is_container_of_a_flow() else None


def _is_container_of_a_flow() -> bool:
    """Whether this is the process that ZenML starts in a container, where nothing may start the flow once more."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and str(spec.name).startswith("zenml.entrypoints.")


@contextmanager
def loading(exec_id: str) -> Iterator[None]:
    """Mark that the module of an execution is being imported."""
    _executing.append(exec_id)
    try:
        yield
    finally:
        _executing.pop()
