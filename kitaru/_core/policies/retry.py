"""Policies of retries: how often, after what, and with what delay between."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from kitaru._core.policies.amounts import wrong
from kitaru._core.words.exception_text import text_of
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

Exceptions: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]

ACCEPTED: Final = "a whole number, 0 or more, or a kitaru.Retry"
LONGEST: Final = 31_622_400
"""The longest delay that a policy may have, in seconds: a year. What is longer is a mistake, as of milliseconds."""
_MOST: Final = 1_000_000
_IN_FILES: Final = ("times", "delay", "backoff", "longest", "jitter")
_CLASSES: Final = "an exception class or a tuple of them"


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
            is; every ``Exception`` by default. Where the function raises, it is not tried again.
        never: Exceptions after which it is not, though ``on`` has them; none by default.
        retry_after: A function that is given the exception and returns how many seconds the other side wants to be left
            alone, as in ``Retry-After``, or None. Where that is longer than the delay it is waited for instead, also where
            it is longer than ``longest``.

    Raises:
        KitaruUsageError: A value is wrong, or two contradict each other.

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
        _check_numbers(vars(self), lambda name: f"kitaru.Retry({name}=)")
        _check_exceptions(self)
        for name in ("on", "retry_after"):
            function = getattr(self, name)
            if function is not None and not _is_classes(function):
                _check_function(name, function)

    @property
    def is_simple(self) -> bool:
        """Whether a number says it all: each retry at once, whatever was raised."""
        return self == policy_of(self.times)

    @property
    def takes_all(self) -> bool:
        """Whether it is tried again whatever was raised."""
        return BaseException in classes_of(self.on) and not classes_of(self.never)

    def shown(self) -> int | dict[str, Any]:
        """Return it as people read it: a number where that says it all, else a table."""
        if self.is_simple:
            return self.times
        shown: dict[str, Any] = {name: getattr(self, name) for name in _IN_FILES}
        if self.on != (Exception,):
            shown["on"] = _names(self.on)
        if classes_of(self.never):
            shown["never"] = _names(self.never)
        if self.retry_after is not None:
            shown["retry_after"] = _name(self.retry_after)
        return shown


@dataclass(frozen=True)
class Decision:
    """What a policy says of a failure.

    Attributes:
        again: Whether it is tried again.
        seconds: The delay before that.
        remark: Which function of the user's went wrong as it was asked; None where none did.
    """

    again: bool
    seconds: float = 0.0
    remark: str | None = None


def decide(policy: Retry, error: BaseException, used: int) -> Decision:
    """Return whether something that has failed is tried again, and when.

    Args:
        policy: The policy.
        error: What was raised.
        used: How many retries there have been.
    """
    if used >= policy.times or isinstance(error, classes_of(policy.never)):
        return Decision(again=False)
    classes = classes_of(policy.on)
    if classes:
        return _delayed(policy, error, used) if isinstance(error, classes) else Decision(again=False)
    try:
        answer = policy.on(error)  # type: ignore[operator]  # no classes, hence a function
    except Exception as problem:  # noqa: BLE001 - a function of the user's may raise anything
        return Decision(again=False, remark=f"it is not tried again, as {_raised(policy.on, problem)}")
    return _delayed(policy, error, used) if answer else Decision(again=False)


def _delayed(policy: Retry, error: BaseException, used: int) -> Decision:
    seconds = _delay(policy, used)
    if policy.retry_after is None:
        return Decision(again=True, seconds=seconds)
    try:
        answer = policy.retry_after(error)
    except Exception as problem:  # noqa: BLE001 - as above
        return Decision(
            again=True, seconds=seconds, remark=f"its own delay is taken, as {_raised(policy.retry_after, problem)}"
        )
    if answer is None:
        return Decision(again=True, seconds=seconds)
    if not _is_number(answer) or not 0 <= answer <= LONGEST:
        remark = (
            f"its own delay is taken, as {_name(policy.retry_after)} returned {answer!r}, which is no number of seconds"
        )
        return Decision(again=True, seconds=seconds, remark=remark)
    return Decision(again=True, seconds=max(seconds, float(answer)))


def _delay(policy: Retry, used: int) -> float:
    try:
        seconds = min(policy.delay * policy.backoff**used, policy.longest)
    except OverflowError:
        seconds = policy.longest if policy.delay else 0.0
    return seconds * random.uniform(0.5, 1) if policy.jitter else float(seconds)  # noqa: S311 - nobody is to guess nothing


def _raised(function: Any, problem: Exception) -> str:
    return f"{_name(function)} raised {type(problem).__name__}: {text_of(problem)}"


def classes_of(exceptions: Any) -> tuple[type[BaseException], ...]:
    """Return the exception classes that a policy gives; none of a function."""
    if isinstance(exceptions, type):
        return (exceptions,)
    return exceptions if isinstance(exceptions, tuple) else ()


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
    _check_end(value, where)
    return value


def policy_of(retries: int | Retry) -> Retry:
    """Return the policy that a number of retries stands for: each of them at once, whatever was raised."""
    return retries if isinstance(retries, Retry) else Retry(times=retries, delay=0.0, on=(BaseException,))


def _from_table(table: Mapping[str, Any], where: str) -> Retry:
    """Return the policy of a table, as files have it."""
    for key in table:
        if key not in _IN_FILES:
            own = [field.name for field in fields(Retry)]
            why = " It is given in Python only." if key in own else did_you_mean(key, _IN_FILES)
            raise KitaruUsageError(f"{where} has the unknown key {key!r}.{why} The keys are {', '.join(_IN_FILES)}.")
    defaults = {field.name: field.default for field in fields(Retry)}
    _check_numbers({**defaults, **table}, lambda name: f"{where}.{name}")
    return Retry(**table)


# -- checks -----------------------------------------------------------------------------------------------------------


def _check_numbers(values: Mapping[str, Any], place: Callable[[str], str]) -> None:
    """Check what says how often and when.

    Args:
        values: By name.
        place: Returns where a value is given, for the message.
    """
    times = values["times"]
    if isinstance(times, bool) or not isinstance(times, int) or times < 0:
        raise wrong("times", "a whole number, 1 or more", place("times"), times)
    _check_end(times, place("times"))
    for name, least in (("delay", 0), ("backoff", 1), ("longest", 0)):
        value = values[name]
        if not _is_number(value) or value < least:
            raise wrong(name, f"a number, {least} or more", place(name), value)
    if not isinstance(values["jitter"], bool):
        raise wrong("jitter", "True or False", place("jitter"), values["jitter"])
    _check_together(times, values["delay"], values["longest"], place)


def _check_end(times: int, where: str) -> None:
    """Refuse so many retries that they would never end."""
    if times > _MOST:
        raise KitaruUsageError(f"{where} gives {times} retries, which would never end. Give {_MOST} at most.")


def _check_together(times: int, delay: float, longest: float, place: Callable[[str], str]) -> None:
    if times == 0 and delay > 0:
        raise KitaruUsageError(
            f"{place('times')} is 0, so that nothing is tried again and the delay of {delay} s is never waited for. Give 1 "
            f"or more, or retries=0 in place of the policy."
        )
    if longest > LONGEST:
        raise KitaruUsageError(
            f"{place('longest')} is {longest} s, and at most {LONGEST} (a year). Delays are in seconds."
        )
    if longest < delay:
        raise KitaruUsageError(
            f"{place('longest')} is {longest} s, less than the delay of {delay} s before the first retry. Make delay shorter, "
            f"or longest longer."
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_classes(value: Any) -> bool:
    classes = value if isinstance(value, tuple) else (value,)
    return all(isinstance(one, type) and issubclass(one, BaseException) for one in classes)


def _check_exceptions(policy: Retry) -> None:
    is_function = callable(policy.on) and not isinstance(policy.on, type)
    if not is_function and not (_is_classes(policy.on) and classes_of(policy.on)):
        raise wrong("on", f"{_CLASSES}, or a function of the exception", "kitaru.Retry(on=)", policy.on)
    if not _is_classes(policy.never):
        raise wrong("never", _CLASSES, "kitaru.Retry(never=)", policy.never)
    for one in classes_of(policy.on):
        if issubclass(one, classes_of(policy.never)):
            raise KitaruUsageError(
                f"kitaru.Retry(on=, never=) contradict each other: {one.__name__} is in on=, and never= keeps it from ever "
                f"being tried again. Leave it out of one of them."
            )


def _check_function(name: str, function: Any) -> None:
    where = f"kitaru.Retry({name}=)"
    if not callable(function):
        raise wrong(name, "a function of the exception", where, function)
    if inspect.iscoroutinefunction(function):
        raise KitaruUsageError(
            f"{where} gives {_name(function)}, which is async. Define it by def: it must answer at once."
        )
    try:
        inspect.signature(function).bind(ValueError())
    except TypeError as error:
        raise KitaruUsageError(
            f"{where} gives {_name(function)}, which cannot be called with one argument ({error}). It gets the exception."
        ) from error
    except ValueError:  # built in, without a signature
        return


def _names(exceptions: Any) -> list[str] | str:
    return [_name(one) for one in classes_of(exceptions)] or _name(exceptions)


def _name(function: Any) -> str:
    qualname = getattr(function, "__qualname__", None)
    return f"{function.__module__}.{qualname}".removeprefix("builtins.") if qualname else repr(function)


NO_RETRY: Final = policy_of(0)
"""Nothing is tried again."""
