"""The trace of an execution as pictures take it: calls, waits and attempts on one clock, and what they have in common.

Moments are seconds since the execution was submitted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

# Two things follow each other where less lies between them, in seconds: clocks and commits are not finer.
_AT_ONCE = 0.05
_NUMBERED = re.compile(r"^(?P<base>.+)_(?P<number>[0-9]+)$")
_WHICH = re.compile(r"(?:_| ×)[0-9]+$")  # noqa: RUF001 - the sign is meant
_MINUTE, _DAY = 60, 86400
# What counts before all else where one word must stand for many states.
_WEIGHT = ("failed", "cancelled", "running", "pending", "completed", "cached", "skipped")


@dataclass(frozen=True)
class Attempt:
    """One attempt at a call.

    Attributes:
        start: When it started.
        end: When it ended, or the present moment.
        status: How it ended, or that it runs.
        error: What it raised, in a line.
    """

    start: float
    end: float
    status: str
    error: str | None = None


@dataclass(frozen=True)
class Call:
    """One call of a checkpoint.

    Attributes:
        name: Its name in the execution.
        function: The checkpoint's name.
        status: How it ended, or that it runs.
        attempts: The attempts at it, at least one.
        parents: Names of the calls that it depends on.
        after: Those of them whose values it did not get: it only comes after them.
    """

    name: str
    function: str
    status: str
    attempts: tuple[Attempt, ...]
    parents: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def start(self) -> float:
        """When it started first."""
        return self.attempts[0].start

    @property
    def end(self) -> float:
        """When it ended last."""
        return max(one.end for one in self.attempts)


@dataclass(frozen=True)
class Wait:
    """A question, from when it was asked until it was answered.

    Attributes:
        name: The wait's name.
        question: What people are asked.
        start: When it was asked.
        end: When it was answered, or the present moment.
        is_open: Whether it is still waited for.
    """

    name: str
    question: str | None
    start: float
    end: float
    is_open: bool = False


@dataclass(frozen=True)
class Trace:
    """All that a picture of an execution shows.

    Attributes:
        title: The flow's name.
        exec_id: The execution's id.
        status: Its state.
        calls: Its calls, in the order in which they started.
        waits: Its questions.
        attempts: When each attempt at its body started.
        length: How long it took, or has been going on.
        failure: Why it failed, in a line.
    """

    title: str
    exec_id: str
    status: str
    calls: tuple[Call, ...]
    waits: tuple[Wait, ...]
    attempts: tuple[float, ...]
    length: float
    failure: str | None = None


@dataclass(frozen=True)
class Group:
    """The calls of one checkpoint that a picture shows together.

    Attributes:
        label: What to call them.
        calls: The calls.
        rest: Whether they are of several checkpoints, which have no row of their own.
    """

    label: str
    calls: tuple[Call, ...]
    rest: bool = False

    @property
    def start(self) -> float:
        """When the first of them started."""
        return min(call.start for call in self.calls)

    @property
    def end(self) -> float:
        """When the last of them ended."""
        return max(call.end for call in self.calls)

    @property
    def counts(self) -> dict[str, int]:
        """How many are in which state, what is worst first."""
        numbers: dict[str, int] = {}
        for call in self.calls:
            numbers[call.status] = numbers.get(call.status, 0) + 1
        return {status: numbers[status] for status in sorted(numbers, key=weight)}

    @property
    def status(self) -> str:
        """The state that matters most."""
        return next(iter(self.counts))

    @property
    def retried(self) -> int:
        """How many were started more than once."""
        return sum(len(call.attempts) > 1 for call in self.calls)

    @property
    def note(self) -> str:
        """What is remarkable about them: ``"1 failed · 3 cached · 2 retried"``."""
        said = [f"{number} {status}" for status, number in self.counts.items() if status != "completed"]
        if self.retried:
            said.append(f"{self.retried} retried")
        return " · ".join(said)


def weight(status: str) -> int:
    """Return where a state stands among those that one word must stand for."""
    return _WEIGHT.index(status) if status in _WEIGHT else len(_WEIGHT)


def base_name(name: str, known: Container[str]) -> str:
    """Return the name of the first call of the checkpoint whose call this is: ``parse`` for ``parse_2``.

    Args:
        name: A call's name.
        known: All names; ``step_2`` is a first call where there is no ``step``.
    """
    match = _NUMBERED.match(name)
    return match["base"] if match and match["base"] in known else name


def groups_of(calls: Sequence[Call], limit: int | None = None) -> list[Group]:
    """Return calls by checkpoint, in the order in which each first started.

    Args:
        calls: The calls.
        limit: How many groups at most; the briefest ones are put together in a last one.
    """
    members: dict[str, list[Call]] = {}
    for call in sorted(calls, key=lambda call: (call.start, call.name)):
        members.setdefault(call.function, []).append(call)
    groups = [Group(_label(function, own), tuple(own)) for function, own in members.items()]
    if limit is None or len(groups) <= limit:
        return groups
    longest = sorted(groups, key=lambda group: group.start - group.end)[: limit - 1]
    kept = {id(group) for group in longest}
    others = [call for group in groups if id(group) not in kept for call in group.calls]
    rest = Group(f"{len(others)} others", tuple(sorted(others, key=lambda call: call.start)), rest=True)
    return [*(group for group in groups if id(group) in kept), rest]


def _label(function: str, calls: Sequence[Call]) -> str:
    return f"{function} ×{len(calls)}" if len(calls) > 1 else calls[0].name  # noqa: RUF001 - the sign is meant


def critical_path(trace: Trace) -> list[str]:
    """Return the names of the calls and waits that the execution's length is made of, the first one first.

    From what ended last back to whatever ended last before it started; among what ended at the same moment, to what it
    depends on.
    """
    parents = {call.name: set(call.parents) for call in trace.calls}
    spans = [(call.end, call.start, call.name) for call in trace.calls if call.status != "skipped"]
    spans += [(wait.end, wait.start, wait.name) for wait in trace.waits]
    spans.sort()
    ends = [end for end, _, _ in spans]
    path: list[str] = []
    last = len(spans)
    while last > 0:
        _, start, name = _nearest(spans, last, parents.get(path[-1], set()) if path else set())
        path.append(name)
        last = min(bisect_right(ends, start + _AT_ONCE / 5), last - 1)
    return path[::-1]


def _nearest(spans: Sequence[tuple[float, float, str]], last: int, preferred: set[str]) -> tuple[float, float, str]:
    """Return the latest of the first spans, or a preferred one that ended with it."""
    latest = spans[last - 1]
    for span in map(spans.__getitem__, range(last - 1, -1, -1)):
        if span[0] < latest[0] - _AT_ONCE:
            break
        if span[2] in preferred:
            return span
    return latest


def seconds(span: float) -> str:
    """Return a time span in two units at most: ``"40 ms"``, ``"4.2 s"``, ``"3 min 5 s"``, ``"2 h 3 min"``."""
    milliseconds = round(max(span, 0) * 1000)
    if milliseconds < 100:  # noqa: PLR2004 - shorter than what tenths of a second tell
        return f"{milliseconds} ms"
    tenths = round(span, 1)
    if tenths < _MINUTE:
        return f"{tenths:.1f} s"
    minutes, rest = divmod(round(span), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(place for place, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)


def ticks(length: float, most: int = 9) -> list[float]:
    """Return moments for the marks of an axis, at round numbers of seconds, minutes or hours."""
    steps = (
        0.01,
        0.02,
        0.05,
        0.1,
        0.2,
        0.5,
        1,
        2,
        5,
        10,
        15,
        30,
        60,
        120,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        14400,
        43200,
    )
    step = next((step for step in steps if length / step <= most), _DAY * (1 + length // (_DAY * most)))
    return [round(number * step, 3) for number in range(int(length / step) + 1)]


def clipped(text: str, length: int) -> str:
    """Return text in at most so many signs."""
    plain = " ".join(text.split())
    return plain if len(plain) <= length else f"{plain[: max(length - 1, 0)]}…"


def clipped_name(name: str, length: int) -> str:
    """Return the name or label of calls in at most so many signs; which call it is, or how many, stays."""
    match = _WHICH.search(name)
    tail = match[0] if match and len(name) > length > 2 * len(match[0]) else ""
    return clipped(name.removesuffix(tail), length - len(tail)) + tail
