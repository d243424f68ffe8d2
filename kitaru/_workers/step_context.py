"""ZenML's context of the step whose function runs here: there as soon as somebody imports ZenML, which takes a second."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import io
import pickle
import sys
from contextlib import contextmanager, suppress
from contextvars import Token
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

LockType = type(Lock())
_pending: list[bytes] = []
_entered: list[Any] = []


class ContextPickler(pickle.Pickler):
    """Pickles a context without what shows that it was entered here."""

    def reducer_override(self, obj: Any) -> Any:
        """Return None for what cannot leave a process, and be as usual for all else."""
        return (type(None), ()) if isinstance(obj, Token | LockType) else NotImplemented


def pickled(context: Any, outputs: Sequence[str]) -> bytes:
    """Pickle ZenML's context of a step, with the names of its outputs."""
    buffer = io.BytesIO()
    ContextPickler(buffer).dump((context, list(outputs)))
    return buffer.getvalue()


@contextmanager
def entered(context: bytes) -> Iterator[None]:
    """Have code inside find the context, whenever it imports ZenML.

    Args:
        context: Pickled by the runner.
    """
    _entered.clear()
    _pending[:] = [context]
    if "zenml" in sys.modules:
        _enter()
    try:
        yield
    finally:
        _pending.clear()
        if _entered:
            _leave(_entered[0][0])


def changed() -> dict[str, tuple[Any, Any]]:
    """Return the metadata and tags of outputs, by name, that the last call has given by the context."""
    if not _entered:
        return {}
    context, names = _entered[0]
    return {name: (context.get_output_metadata(name), context.get_output_tags(name)) for name in names}


def take_imports(ready: Callable[[], None]) -> None:
    """Enter contexts when ZenML is imported.

    Args:
        ready: Called then, as ZenML sets up streams and ``logging`` when it is imported.
    """
    if "zenml" in sys.modules:
        ready()
    else:
        sys.meta_path.insert(0, _Finder(ready))


def _enter() -> None:
    for context in _pending:
        _entered.append(pickle.loads(context))  # noqa: S301 - the runner's
        _entered[-1][0].__enter__()


def _leave(context: Any) -> None:
    with suppress(ValueError, RuntimeError):  # it was entered in a task of an event loop, which has ended
        context.__exit__(None, None, None)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the package ZenML, and has something done when it has been imported."""

    def __init__(self, ready: Callable[[], None]) -> None:
        self._ready = ready

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "zenml":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            _run_after(spec.loader, self._ready)
        return spec


def _run_after(loader: Any, ready: Callable[[], None]) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        ready()
        _enter()

    loader.exec_module = exec_module
