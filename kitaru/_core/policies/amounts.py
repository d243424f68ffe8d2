"""Amounts that options give: seconds, counts, memory and rates, each checked where it is given."""

from __future__ import annotations

import math
import re
import reprlib
from dataclasses import dataclass
from typing import Any, Final

from kitaru.errors import KitaruUsageError

_UNITS: Final = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_WINDOWS: Final = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400}

SECONDS: Final = "a number of seconds above 0"
COUNT: Final = "a whole number, 1 or more"
MEMORY: Final = "an amount of memory such as '2GB' or '512MiB', or a number of bytes"
RATE: Final = "a count and a time, such as '30/min', '5/s' or '1000/h'"


@dataclass(frozen=True)
class Rate:
    """How often something may start.

    Attributes:
        count: So many times,
        seconds: in any so many seconds.
    """

    count: int
    seconds: int


def wrong(name: str, accepted: str, where: str, value: object) -> KitaruUsageError:
    """Return the error for a value that is not what an option accepts."""
    shown = f"{reprlib.repr(value)} ({type(value).__name__})"
    return KitaruUsageError(f"{name} must be {accepted}, but {where} gives {shown}.")


def checked_seconds(name: str, value: Any, where: str) -> float:
    """Return a time limit in seconds.

    Raises:
        KitaruUsageError: It is no number, or none that a time can pass.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        raise wrong(name, SECONDS, where, value)
    return float(value)


def checked_count(name: str, value: Any, where: str) -> int:
    """Return a count of at least one.

    Raises:
        KitaruUsageError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise wrong(name, COUNT, where, value)
    return value


def checked_memory(name: str, value: Any, where: str) -> int:
    """Return an amount of memory in bytes.

    Raises:
        KitaruUsageError: It is none.

    Examples:
        >>> checked_memory("max_memory", "2GB", "@checkpoint(max_memory=)")
        2000000000
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)", value.strip()) if isinstance(value, str) else None
    unit = _UNITS.get(match[2].upper()) if match else None
    amount = int(float(match[1]) * unit) if match and unit else 0
    if amount < 1:
        raise wrong(name, MEMORY, where, value)
    return amount


def checked_rate(name: str, value: Any, where: str) -> Rate:
    """Return how often something may start.

    Raises:
        KitaruUsageError: It is no rate.

    Examples:
        >>> checked_rate("rate", "30/min", "@checkpoint(rate=)")
        Rate(count=30, seconds=60)
    """
    match = re.fullmatch(r"([0-9]{1,9}) ?/ ?([a-z]+)", value.strip()) if isinstance(value, str) else None
    seconds = _WINDOWS.get(match[2]) if match else None
    count = int(match[1]) if match else 0
    if seconds is None or count < 1:
        raise wrong(name, RATE, where, value)
    return Rate(count, seconds)
