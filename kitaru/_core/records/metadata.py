"""What a training loop has at hand, as metadata: numbers of any library, plain JSON, and what says the same as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from kitaru._core.words.exception_text import encodable

_NOT_FINITE: Final = {math.inf: "Infinity", -math.inf: "-Infinity"}


class NotMetadataError(Exception):
    """A value cannot be recorded as metadata; the message says what it is."""


def as_metadata(value: Any) -> Any:
    """Return a value as plain JSON.

    Numbers of NumPy, pandas, torch, ``decimal`` and ``fractions`` become Python's, their arrays lists, as tuples and sets
    do. What is not finite becomes the text that JSON5 has for it, as JSON has none: ``"NaN"``, ``"Infinity"``. Dates, paths,
    UUIDs and members of enums become what their text or value is.

    Args:
        value: The value.

    Raises:
        NotMetadataError: It is nothing of that.
    """
    try:
        return _plain(value)
    except RecursionError:
        raise NotMetadataError("a container that holds itself") from None


@singledispatch
def _plain(value: Any) -> Any:
    listed = getattr(value, "tolist", None)  # of arrays and of their numbers
    plain = listed() if callable(listed) else value
    if type(plain) is type(value):
        raise NotMetadataError(f"a value of type {type(value).__name__}")
    return _plain(plain)


@_plain.register(type(None))
@_plain.register(bool)
def _itself(value: Any) -> Any:
    return value


@_plain.register(str)
def _text(value: str) -> str:
    return encodable(str(value))


@_plain.register(timedelta)
@_plain.register(PurePath)
@_plain.register(UUID)
def _as_text(value: Any) -> str:
    return _text(str(value))


@_plain.register(date)
@_plain.register(time)
def _moment(value: date | time) -> str:
    return value.isoformat()


@_plain.register(Integral)
def _whole(value: Any) -> int:
    return int(value)


@_plain.register(Real)
@_plain.register(Decimal)
def _number(value: Any) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else _NOT_FINITE.get(number, "NaN")


@_plain.register(Enum)
def _member(value: Enum) -> Any:
    return _plain(value.value)


@_plain.register(list)
@_plain.register(tuple)
def _list(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [_plain(item) for item in value]


@_plain.register(AbstractSet)
def _set(value: AbstractSet[Any]) -> list[Any]:
    return sorted(map(_plain, value), key=lambda item: (type(item).__name__, str(item)))


@_plain.register(Mapping)
def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {_key(key): _plain(item) for key, item in value.items()}


def _key(key: Any) -> str:
    plain = _plain(key)
    if isinstance(plain, list | dict):
        raise NotMetadataError(f"a dictionary with a key of type {type(key).__name__}")
    return str(plain)
