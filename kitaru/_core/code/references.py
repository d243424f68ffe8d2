"""How another process finds a function or a class that an option gives."""

from __future__ import annotations

import operator
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kitaru._core.code.modules import ModuleRef, locate
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


@dataclass(frozen=True)
class CodeRef:
    """A function or a class as another process can import it.

    Attributes:
        module: Its module; None for what is built in.
        builtin: The name of the built-in module, where it is in one.
        qualname: Its name in the module, with dots where it is inside a class.
    """

    module: ModuleRef | None
    builtin: str | None
    qualname: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data, to store with an execution."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CodeRef:
        """Return what :meth:`to_json` was made of."""
        module = ModuleRef(**data["module"]) if data["module"] is not None else None
        return cls(module, data["builtin"], data["qualname"])

    def load(self, import_module: Callable[[str, str | None], Any]) -> Any:
        """Return what it refers to.

        Args:
            import_module: Imports a module by its name, and by its file where that is a script.

        Raises:
            AttributeError: The module no longer has it.
            ImportError: The module cannot be imported.
        """
        if self.module is not None:
            import_module(self.module.name, self.module.file)
        name = self.module.name if self.module is not None else self.builtin
        assert name is not None
        return operator.attrgetter(self.qualname)(sys.modules[name])


def reference(target: Any, where: str) -> CodeRef:
    """Return how another process imports a function or a class.

    Args:
        target: The function or class.
        where: The option that gives it, for the message.

    Raises:
        KitaruUsageError: Another process cannot import it: a lambda, one that is defined inside a function, in a notebook
            or a REPL, or an object that only this process has.
    """
    qualname = getattr(target, "__qualname__", None)
    module = sys.modules.get(getattr(target, "__module__", None) or "")
    if isinstance(qualname, str) and module is not None and _named(module, qualname) is target:
        if getattr(module, "__file__", None) is None and module.__name__ in sys.builtin_module_names:
            return CodeRef(None, module.__name__, qualname)
        place = locate(target)
        if place is not None:
            return CodeRef(place, None, qualname)
    raise KitaruUsageError(
        f"{where} gives {qualname or repr(target)}, which the process that runs the execution cannot import: it is a lambda, "
        f"is defined in a function, a notebook or a REPL, or is an object of this process. Define it by `def` or `class` at "
        f"the top level of a module."
    )


def _named(module: ModuleType, qualname: str) -> Any:
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found
