"""How values are pickled: what has a name by that, and everything so that it comes back as it was."""

from __future__ import annotations

import importlib
import io
import operator
import pickle
import sys
from functools import cache
from pathlib import Path
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import cloudpickle

from kitaru._core.code.addresses import address_of
from kitaru._core.code.bytecode import code_digest
from kitaru._core.code.definitions import CheckpointDefinition, FlowDefinition
from kitaru._core.code.imports import is_installed
from kitaru._core.code.modules import MAIN
from kitaru._core.values.contents import Content

if TYPE_CHECKING:
    from collections.abc import Callable


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles by reference what cloudpickle copies into the pickle: there would be a second class of the same name.

    These are the classes, functions, checkpoints and flows of the user's modules, the running script among them by its
    importable name, and generic models with their arguments, such as ``Page[int]``, which pydantic makes wherever they are
    written. With a function cloudpickle copies the globals that it uses, such as locks and clients.
    """

    holds_content = False

    def reducer_override(self, obj: Any) -> Any:
        self.holds_content |= isinstance(obj, Content)
        if isinstance(obj, io.TextIOWrapper):  # cloudpickle would read the whole file and give back a StringIO
            raise pickle.PicklingError("an open file stays in its process")
        reduced = self.by_name(obj) or self.by_parts(obj)
        return super().reducer_override(obj) if reduced is None else reduced

    def by_name(self, obj: Any) -> tuple[Any, ...] | None:
        """Return what makes again what other processes find by its name; None for anything else."""
        return by_name(obj, import_attribute)

    def by_parts(self, obj: Any) -> tuple[Any, ...] | None:
        """Return what makes an exception again from its parts; None for others."""
        return by_parts(obj, make_exception)


def by_name(obj: Any, importer: Callable[..., Any]) -> tuple[Any, ...] | None:
    """Return what pickle makes again what other processes find by its name; None for anything else.

    Args:
        obj: Anything.
        importer: What the pickle names.
    """
    if isinstance(obj, FunctionType | CheckpointDefinition | FlowDefinition):
        address = address_of(obj) if _is_of_user(obj.__module__ or "") else None
        code = obj.__code__ if isinstance(obj, FunctionType) else obj.func.__code__
        # With what it does, lest the cache take a changed function for the earlier one.
        return None if address is None else (importer, (*address, code_digest(code)))
    if isinstance(obj, MethodType) and isinstance(obj.__self__, type):
        return getattr, (obj.__self__, obj.__func__.__name__)
    if not isinstance(obj, type):
        return None
    if obj.__module__ in MAIN and (address := address_of(obj)) is not None:
        return importer, address
    generic = vars(obj).get("__pydantic_generic_metadata__")
    return (operator.getitem, (generic["origin"], generic["args"])) if generic and generic["origin"] else None


def by_parts(obj: Any, maker: Callable[..., Any]) -> tuple[Any, ...] | None:
    """Return what makes an exception again that Python would make by calling its class with ``args``; None for others.

    An ``__init__`` of its own may take something else.

    Args:
        obj: Anything.
        maker: What the pickle names.
    """
    if not isinstance(obj, BaseException):
        return None
    kind: Any = type(obj)
    is_usual = kind.__reduce__ is BaseException.__reduce__ and kind.__reduce_ex__ is object.__reduce_ex__
    if not is_usual or not isinstance(kind.__init__, FunctionType):
        return None
    return maker, (kind, obj.args), vars(obj)


def make_exception(kind: Any, args: tuple[Any, ...]) -> BaseException:
    """Return an exception of a class with ``args``."""
    error: BaseException = kind.__new__(kind, *args)
    builtin: Any = next(base for base in kind.__mro__ if not isinstance(base.__init__, FunctionType))
    builtin.__init__(error, *args)
    return error


def import_attribute(module: str, name: str, _digest: str = "") -> Any:
    """Return what a module has under a name."""
    return operator.attrgetter(name)(importlib.import_module(module))


@cache
def _is_of_user(module: str) -> bool:
    """Whether a module is neither installed nor one whose functions cloudpickle has been told to copy."""
    if module in MAIN:
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    packages = {module.rsplit(".", count)[0] for count in range(module.count(".") + 1)}
    is_copied = not packages.isdisjoint(cloudpickle.list_registry_pickle_by_value())
    return bool(file) and not is_copied and not is_installed(Path(str(file)).resolve())
