"""Values that mean the same in every process, so that a pickle of one is as good as the value."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any, Final

_LEAVES: Final = frozenset(
    {
        *(type(None), bool, int, float, complex, str, bytes, bytearray),
        *(dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone),
        *(decimal.Decimal, uuid.UUID),
    }
)


def is_plain(value: Any) -> bool:
    """Whether a value is plain data of Python's own, or a NumPy array of numbers; no class of anybody else is in it."""
    unseen, seen = [value], set()
    while unseen:
        value = unseen.pop()
        kind = type(value)
        if kind in _LEAVES or _is_array_of_numbers(value):
            continue
        if kind not in (list, tuple, set, frozenset, dict):
            return False
        if id(value) not in seen:
            seen.add(id(value))
            unseen += [*value, *value.values()] if kind is dict else value
    return True


def is_table(value: Any) -> bool:
    """Whether a value is a frame or a series of pandas."""
    kind = type(value)
    return kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in ("DataFrame", "Series")


def _is_array_of_numbers(value: Any) -> bool:
    kind = type(value)
    return (kind.__module__, kind.__name__) == ("numpy", "ndarray") and value.dtype.kind in "biufcSU"
