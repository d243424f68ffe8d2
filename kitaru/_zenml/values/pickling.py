"""How values are pickled that are stored: the pickles name functions of this module, as they always have."""

from __future__ import annotations

from typing import Any

from kitaru._core.values import pickling
from kitaru._core.values.contents import Content


class Pickler(pickling.Pickler):
    """Pickles values that are stored: other bytes for the same value would make another value of it for every reader."""

    def by_name(self, obj: Any) -> tuple[Any, ...] | None:
        """Return what makes again what other processes find by its name; None for anything else."""
        return pickling.by_name(obj, import_attribute)

    def by_parts(self, obj: Any) -> tuple[Any, ...] | None:
        """Return what makes an exception again from its parts; None for others."""
        return pickling.by_parts(obj, _exception)


class ContentPickler(Pickler):
    """Takes the digest of a file or folder for what it contains, and exceptions with whatever has looked at them for equal."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, BaseException):
            vars(obj)  # it has a __dict__, and is pickled with that, from when somebody asks for it on
        if isinstance(obj, Content):
            return type(obj).from_store, (obj.name, obj.digest)
        return super().reducer_override(obj)


def import_attribute(module: str, name: str, _digest: str = "") -> Any:
    """Return what a module has under a name."""
    return pickling.import_attribute(module, name)


def _exception(kind: Any, args: tuple[Any, ...]) -> BaseException:
    return pickling.make_exception(kind, args)
