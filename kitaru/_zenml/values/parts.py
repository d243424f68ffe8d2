"""The parts of a result by which one can tell that something comes from it: the elements of a list, the fields of a model."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import fields, is_dataclass
from enum import Enum
from numbers import Number
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

# So many parts of one result are looked at, and so deep: each is hashed with all that is in it.
_MOST: Final = 1000
_DEEPEST: Final = 3
# What Python, or a module, may have one object of for everybody: it is a part only where nothing else holds it.
_SHARED: Final = (str, bytes, tuple, frozenset)
_NEVER: Final = (type(None), Number, Enum, type)


def parts_of(value: Any) -> Iterator[Any]:
    """Yield the parts of a value that are objects of its own, and their parts, the nearest first.

    Numbers, and texts that are shared with the code or with other values, are none: the same one elsewhere comes from
    anywhere.
    """
    unseen = deque([(value, 1)])
    seen = {id(value)}
    while unseen and len(seen) <= _MOST:
        whole, level = unseen.popleft()
        for part in _owned(_direct(whole)):
            if id(part) in seen or len(seen) > _MOST:
                continue
            seen.add(id(part))
            if level < _DEEPEST:
                unseen.append((part, level + 1))
            yield part


def _direct(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value[:_MOST])
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, BaseModel):
        return list(vars(value).values())
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value) if hasattr(value, field.name)]
    return []


def _owned(parts: list[Any]) -> list[Any]:
    return [part for part, count in _counted(parts) if not isinstance(part, _SHARED) or count <= _ALONE]


def _counted(parts: list[Any]) -> list[tuple[Any, int]]:
    return [(part, sys.getrefcount(part)) for part in parts if not isinstance(part, _NEVER)]


def _references_of_one() -> int:
    """Return how often :func:`_counted` finds what is held by its container alone: Python's versions differ in it."""
    container = [bytes(bytearray(2))]
    return _counted(list(container))[0][1]


_ALONE: Final = _references_of_one()
