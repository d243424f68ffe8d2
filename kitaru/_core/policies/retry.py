"""Policies of retries: how often, after what, and with what delay between."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from kitaru._core.policies.amounts import wrong
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

Exceptions: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]

ACCEPTED: Final = "a whole number, 0 or more, or a kitaru.Retry"
_IN_FILES: Final = ("times", "delay", "backoff", "longest", "jitter")


@dataclass(frozen=True)
class Retry:
    """When something that has failed is tried again, and how often.

    Args:
        times: Maximum number of retries after the first attempt; 3 by default.
        delay: Seconds before the first retry; 1 by default, 0 for at once.
        backoff: What the delay is multiplied by from one retry to the next; 2 by default, 1 keeps it.
        longest: The longest delay in seconds; 60 by default.
        jitter: Whether each delay is a random time between half of it and all of it, so that many that have failed
            together are not tried again together; True by default.
        on: The exceptions after which it is tried again, or a function that is given the exception and returns whether it
            is; every ``Exception`` by default.
        never: Exceptions after which it is not, though ``on`` has them; none by default.
        retry_after: A function that is given the exception and returns how many seconds the other side wants to be left
            alone, as in ``Retry-After``, or None. Where that is longer than the delay it is waited for instead.

    Raises:
        KitaruUsageError: A value is wrong, or the policy would never end.

    Examples:
        >>> Retry(times=5, delay=1.0, on=(ConnectionError, TimeoutError), never=(ConnectionRefusedError,)).times
        5
    """

    times: int = 3
    delay: float = 1.0
    backoff: float = 2.0
    longest: float = 60.0
    jitter: bool = True
    on: Exceptions | Callable[[BaseException], bool] = (Exception,)
    never: Exceptions = ()
    retry_after: Callable[[BaseException], float | None] | None = None

    def __post_init__(self) -> None:
        _check_count("times", self.times)
        for name in ("delay", "backoff", "longest"):
            _check_number(name, getattr(self, name))
        if not isinstance(self.jitter, bool):
            raise wrong("jitter", "True or False", "kitaru.Retry(jitter=)", self.jitter)


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise wrong(name, "a whole number, 0 or more", f"kitaru.Retry({name}=)", value)


def _check_number(name: str, value: Any) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0:
        raise wrong(name, "a number, 0 or more", f"kitaru.Retry({name}=)", value)


def checked_retries(value: Any, where: str) -> int | Retry:
    """Return a number of retries, or a policy of them.

    Raises:
        KitaruUsageError: It is neither.
    """
    if isinstance(value, Retry):
        return value
    if isinstance(value, Mapping):
        return _from_table(value, where)
    # bool is an int to Python, but retries=True says nothing about how often.
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise wrong("retries", ACCEPTED, where, value)
    return value


def policy_of(retries: int | Retry) -> Retry:
    """Return the policy that a number of retries stands for: each of them at once, whatever was raised."""
    return retries if isinstance(retries, Retry) else Retry(times=retries, delay=0.0)


def _from_table(table: Mapping[str, Any], where: str) -> Retry:
    """Return the policy of a table, as files have it."""
    for key in table:
        if key not in _IN_FILES:
            own = [field.name for field in fields(Retry)]
            why = " It is given in Python only." if key in own else did_you_mean(key, _IN_FILES)
            raise KitaruUsageError(f"{where} has the unknown key {key!r}.{why} The keys are {', '.join(_IN_FILES)}.")
    return Retry(**table)


NO_RETRY: Final = policy_of(0)
"""Nothing is tried again."""
