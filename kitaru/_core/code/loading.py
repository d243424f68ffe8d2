"""Whether the runner is importing a flow's module just now.

A script may start its flow at its top level. When the runner imports that script, the call must not start another
execution: it gives the handle of the one that is being run, and waiting for that ends the import, as everything the
runner needs has been defined by then.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_executing: list[str] = []
_submitting: list[bool] = []  # whether the module that is imported has started a flow
_OF_THIS_CONTAINER: Final = "the execution of this container"
_ENTRYPOINT: Final = "kitaru._zenml.running.entrypoint"


class StopLoading(BaseException):
    """The module waits for its own execution: enough of it has been imported."""


class StartsFlowError(Exception):
    """The module that is imported to submit a flow starts one itself, which has to know its execution by then."""


def execution() -> str | None:
    """Return the execution whose module is being imported, or None.

    Raises:
        StopLoading: It is being imported for one that is still to be created.
    """
    if _submitting:
        _submitting[-1] = True
        stop()
    if _executing:
        return _executing[-1]
    return _of_this_container() if _is_container_of_a_flow() else None


def stop() -> NoReturn:
    """End the import of a module that waits for the execution which imports it.

    Raises:
        StopLoading: To whoever imports the module.
    """
    if _is_container_of_a_flow() and _main() != _ENTRYPOINT:
        # ZenML imports it, and would take this for a failure: begin anew with an importer that does not.
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(sys.executable, [sys.executable, "-m", _ENTRYPOINT, *sys.argv[1:]])  # noqa: S606 - the same command
    raise StopLoading(
        "the module waits, while it is imported, for the execution that imports it: start the flow under "
        '`if __name__ == "__main__":`'
    )


def let_modules_wait() -> None:
    """From now on a module that waits for its own execution has been imported as far as it got."""

    def until_it_waits(loader: SourceFileLoader, module: ModuleType) -> None:
        with suppress(StopLoading):
            whole(loader, module)

    whole = SourceFileLoader.exec_module
    SourceFileLoader.exec_module = until_it_waits  # type: ignore[assignment, method-assign]


def _is_container_of_a_flow() -> bool:
    """Whether this is the process that ZenML starts in a container, where nothing may start the flow once more."""
    return _main() == _ENTRYPOINT or _main().startswith("zenml.entrypoints.")


def _main() -> str:
    """Return the module that this process was started with by ``python -m``; empty where it was not."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return str(spec.name) if spec is not None else ""


def _of_this_container() -> str:
    """Return the execution that ZenML told this container to run; an isolated checkpoint's is told another way."""
    arguments = dict(zip(sys.argv, sys.argv[1:], strict=False))
    return arguments.get("--run_id", _OF_THIS_CONTAINER)


@contextmanager
def submitting() -> Iterator[None]:
    """Mark that a module is being imported for an execution that is still to be created.

    Raises:
        StartsFlowError: It starts flows.
    """
    _submitting.append(False)
    try:
        yield
    finally:
        starts_flows = _submitting.pop()
    if starts_flows:
        raise StartsFlowError


@contextmanager
def loading(exec_id: str) -> Iterator[None]:
    """Mark that the module of an execution is being imported."""
    _executing.append(exec_id)
    try:
        yield
    finally:
        _executing.pop()
