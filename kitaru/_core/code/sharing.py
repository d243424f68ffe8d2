"""Whether a value that code has returned is its receiver's alone, or is also kept where others can change it."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import functools
import pathlib
import re
import sys
import types
import uuid
import zoneinfo
from collections import deque
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.code.slots import slots_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What cannot be changed, and has no part that can.
_ATOMS: Final = (
    bool, int, float, complex, str, bytes, range, type(None), type(...), type(NotImplemented), type, enum.Enum,
    dt.date, dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal, fractions.Fraction, uuid.UUID,
    pathlib.PurePath, re.Pattern, zoneinfo.ZoneInfo, types.ModuleType, types.FunctionType, types.BuiltinFunctionType,
)  # fmt: skip
_FIXED: Final = (tuple, frozenset)  # which cannot be changed either, while their parts may be
_MANY: Final = (list, tuple, set, frozenset, deque)


def is_shared(holder: list[Any]) -> bool:
    """Whether anything else refers to a value, or to a part of it that can be changed.

    Python counts the references to each object: what is referred to more often than by the value itself has another
    owner. Parts that only a library in C knows of are not looked at. What cannot be looked at, as its class refuses, is
    taken for shared.

    Args:
        holder: A list that has the value, and is all that the caller has of it.
    """
    try:
        return _has_other_owner(holder)
    except Exception:  # noqa: BLE001 - of a class of the user's
        return True


def _has_other_owner(holder: list[Any]) -> bool:
    within: dict[int, int] = {}
    parts: list[Any] = []  # those that can be changed
    seen: dict[int, Any] = {}  # those that cannot, but whose parts may be
    waiting: list[Any] = [holder]
    while waiting:
        for part in _parts(waiting.pop()):
            number, kind = id(part), _kind(part)
            if _is_atom(kind):
                continue
            if kind in _FIXED:
                if number not in seen:
                    seen[number] = part
                    waiting.append(part)
                continue
            if number not in within:
                within[number] = 0
                parts.append(part)
                waiting.append(part)
            within[number] += 1
    part = None
    return any(count > _OWN + within[number] for number, count in _references(parts))


def _references(parts: list[Any]) -> Iterator[tuple[int, int]]:
    """Yield how often each part is referred to, the list and this function included."""
    for part in parts:
        yield id(part), sys.getrefcount(part)


# How often a part is referred to here that nothing else refers to.
_OWN: Final = next(_references([[]]))[1]


def _kind(part: Any) -> Any:  # a type checker takes types for what has no hash
    return type(part)


@functools.cache
def _is_atom(kind: Any) -> bool:
    return issubclass(kind, _ATOMS)


def _parts(value: Any) -> Iterable[Any]:
    """Return what a value holds, as far as Python knows of it."""
    kind = type(value)
    if kind is dict:
        return chain(value, value.values())
    return value if kind in _MANY else _parts_of_object(value)


def _parts_of_object(value: Any) -> Iterator[Any]:
    kind = _kind(value)  # a proxy's __class__ is that of another object
    if issubclass(kind, dict):
        yield from chain(dict.keys(value), dict.values(value))
    elif issubclass(kind, _MANY):
        yield from _iterated(value)
    elif issubclass(kind, BaseException):
        yield value.args
    elif kind.__module__ == "numpy" and getattr(value, "base", None) is not None:
        yield value.base
    with suppress(AttributeError):
        yield from object.__getattribute__(value, "__dict__").values()
    for slot in slots_of(value):
        with suppress(AttributeError):
            yield object.__getattribute__(value, slot)


def _iterated(value: Any) -> Iterator[Any]:
    """Iterate over a sequence or set as its base class does, whatever its own class makes of that."""
    base = next(kind for kind in _MANY if issubclass(type(value), kind))
    return base.__iter__(value)
