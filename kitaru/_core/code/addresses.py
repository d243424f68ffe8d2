"""Where another process finds a class or function: by the name of its module, and its name in there."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kitaru._core.code.modules import MAIN, main_alias

if TYPE_CHECKING:
    from types import ModuleType

    from kitaru._core.code.definitions import CheckpointDefinition, FlowDefinition

    _Definition: TypeAlias = CheckpointDefinition[..., Any] | FlowDefinition[..., Any]

_MOST_DECORATORS: Final = 8


def address_of(item: type[Any] | FunctionType | _Definition) -> tuple[str, str] | None:
    """Return the names of the module and, in there, of what it defines; None where no other process has it.

    Args:
        item: A class, function, checkpoint or flow.
    """
    module = sys.modules.get(item.__module__ or "")
    name = _importable_name(module) if module is not None else None
    path = _path_of(item, module) if module is not None else None
    if module is None or name is None or path is None:
        return None
    return None if module.__name__ in MAIN and _is_guarded(item, str(module.__file__)) else (name, path)


def _path_of(item: Any, module: ModuleType) -> str | None:
    """Return the attributes that lead from a module to what it defines, also to what a decorator has wrapped."""
    path: str = item.__qualname__
    found = _attribute(module, path)
    for _ in range(_MOST_DECORATORS):
        if found is item:
            return path
        path, found = f"{path}.__wrapped__", getattr(found, "__wrapped__", None)
    return None


def _importable_name(module: ModuleType) -> str | None:
    if module.__name__ not in MAIN:
        return module.__name__
    ref = main_alias()
    return ref.name if ref is not None and sys.modules.get(ref.name) is sys.modules["__main__"] else None


def _attribute(module: ModuleType, path: str) -> Any:
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def _is_guarded(item: type[Any] | FunctionType | _Definition, file: str) -> bool:
    """Whether a script defines something where it asks for its name: only if it is run, and not if it is imported."""
    functions = [item] if isinstance(item, FunctionType) else [*vars(item).values()]
    lines = [one.__code__.co_firstlineno for one in functions if isinstance(one, FunctionType)]
    return bool(lines) and any(lines[0] in guarded for guarded in _guarded(file))


@cache
def _guarded(file: str) -> list[range]:
    """Return the lines of a script that are behind ``if __name__ == ...:``."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    ifs = [node for node in tree.body if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)]
    return [range(node.lineno, (node.end_lineno or node.lineno) + 1) for node in ifs]
