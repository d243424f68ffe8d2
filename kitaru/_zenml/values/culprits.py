"""Which part of a value cannot be pickled, in words."""

from __future__ import annotations

import functools
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DEEPEST: Final = 6


def culprit_in(value: Any, can_pickle: Callable[[Any], bool]) -> str:
    """Name the innermost part of a value that cannot be pickled; nothing where it is the value itself.

    Args:
        value: A value that cannot be pickled.
        can_pickle: Tells it of a part.
    """
    path: list[str] = []
    while len(path) < _DEEPEST:
        bad = next(((label, part) for label, part in _parts(value) if not can_pickle(part)), None)
        if bad is None:
            break
        path.insert(0, bad[0])
        value = bad[1]
    return f"{' of '.join(path)}, a value of type {type(value).__name__}" if path else ""


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is pickled with a value, each with its name."""
    if isinstance(value, FunctionType):
        yield from _used_by(value)
    elif isinstance(value, MethodType):
        yield "its object", value.__self__
    elif isinstance(value, functools.partial):
        yield from (("function", value.func), ("arguments", value.args), ("keywords", value.keywords))
    elif isinstance(value, dict):
        yield from ((f"item {key!r}", item) for key, item in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"item {index}", item) for index, item in enumerate(value))
    else:
        yield from ((f"attribute {name!r}", part) for name, part in getattr(value, "__dict__", {}).items())


def _used_by(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name in sorted(_names_in(function.__code__)):
        if name in function.__globals__:
            yield f"global {name!r}", function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"variable {name!r}", cell.cell_contents
        except ValueError:  # not assigned yet
            continue


def _names_in(code: CodeType) -> set[str]:
    inner = (_names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*inner)
