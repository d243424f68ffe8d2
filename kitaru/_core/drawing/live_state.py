"""What a live view shows of an execution: its checkpoints in few rows, however many there are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from kitaru._core.drawing.trace import base_name, weight
from kitaru._core.process.event import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from kitaru._core.process.event import Event

# From so many calls of a checkpoint on, they are one row with a bar.
_LEAST_FOLD = 3
_DONE = frozenset({"completed", "cached", "skipped"})
_ENDED = _DONE | {"failed", "cancelled"}


class Following(Protocol):
    """Reads what is new of an execution, at each call."""

    @property
    def exec_id(self) -> str:
        """The execution's full id."""

    @property
    def runner(self) -> str | None:
        """What runs it, as of ``Summary``."""

    @property
    def replays(self) -> bool:
        """Whether it replays another one."""

    @property
    def has_file(self) -> bool:
        """Whether its output is a file of this machine, with everything that the runner says."""

    def new(self, *, final: bool) -> list[str | Event]:
        """Read the output and the events that are new; an incomplete last line only at the end."""

    def summary(self) -> Summary:
        """Read what is known of the execution as a whole."""

    def steps(self) -> list[Step]:
        """Read the calls that have changed."""

    def said(self) -> dict[str, str]:
        """Read what some of the running calls said of their progress."""

    def error(self, name: str) -> str | None:
        """Read why a call failed, in a line."""


@dataclass(frozen=True)
class Step:
    """One call of a checkpoint, as it is now.

    Attributes:
        name: Its name in the execution.
        status: Its state.
        attempt: Number of the latest attempt at it.
        started_at: When that started.
        ended_at: When that ended; None while it runs.
    """

    name: str
    status: str
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Summary:
    """What is known of the execution as a whole.

    Attributes:
        exec_id: Its id.
        flow_name: The flow's name.
        started_at: When it was submitted.
        ended_at: When it ended; None while it has not.
        attempt: Number of the attempt at its body.
        runner: What runs it: ``"process"``, ``"thread"``, ``"inline"`` or ``"stack"``.
        dashboard_url: Its page; None without a server.
        progress: What the flow's body said last.
        expected: How many calls of a checkpoint there will be at least, where the flow has told.
    """

    exec_id: str
    flow_name: str
    started_at: datetime | None
    ended_at: datetime | None
    attempt: int = 1
    runner: str | None = None
    dashboard_url: str | None = None
    progress: str | None = None
    expected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A line of the view.

    Attributes:
        name: The call's name, or the checkpoint's where calls are folded.
        status: The state: ``"running"`` as long as any of them runs.
        total: How many calls it stands for; those that are still to come included.
        counts: How many are in which state.
        retried: How many were started more than once.
        attempts: How many attempts a single call took.
        started_at: When the first of them started.
        ended_at: When the last of them ended; None while any runs or is still to come.
        note: What was said last, or why it failed.
    """

    name: str
    status: str
    total: int
    counts: Mapping[str, int]
    retried: int
    attempts: int
    started_at: datetime | None
    ended_at: datetime | None
    note: str = ""

    @property
    def done(self) -> int:
        """How many calls have ended."""
        return sum(number for status, number in self.counts.items() if status in _ENDED)


class LiveState:
    """Takes what becomes known of an execution's calls, in any order, and gives the rows to show."""

    def __init__(self) -> None:
        self.expected: dict[str, int] = {}
        self._steps: dict[str, Step] = {}
        self._notes: dict[str, str] = {}
        self._errors: dict[str, str] = {}
        self._retrying: dict[str, Event] = {}

    def update(self, steps: Iterable[Step]) -> None:
        """Take the present state of some calls; an earlier attempt at a call does not hide a later one."""
        for step in steps:
            known = self._steps.get(step.name)
            if known is None or step.attempt >= known.attempt:
                self._steps[step.name] = replace(step, status="running") if self._is_retried(step) else step

    def take(self, event: Event) -> bool:
        """Take what the runner has told, and return whether the rows show it."""
        name = event.checkpoint
        if name is None:
            return event.is_recorded
        if event.kind == Kind.PROGRESS and event.message is not None:
            self.note(name, event.message)
        elif event.kind == Kind.RETRYING:
            self._retrying[name] = event
            known = self._steps.get(name)
            self.update([known] if known is not None else [])
            return True
        elif event.kind == Kind.FAILED and event.error is not None:
            self.error(name, event.error)
        elif event.kind == Kind.FAN_OUT and event.total is not None:
            self.expected[name] = event.total
            return True
        return event.is_recorded

    def _is_retried(self, step: Step) -> bool:
        """Whether another attempt follows the latest one at a call, which has failed."""
        event = self._retrying.get(step.name)
        return event is not None and event.attempt == step.attempt and step.status in ("failed", "running")

    def note(self, name: str, message: str) -> None:
        """Take what a call said of its progress."""
        self._notes[name] = message

    def error(self, name: str, message: str) -> None:
        """Take why a call failed."""
        self._errors[name] = message

    def has_error(self, name: str) -> bool:
        """Whether it is known why a call failed."""
        return name in self._errors

    @property
    def steps(self) -> list[Step]:
        """The calls, in the order in which they became known."""
        return list(self._steps.values())

    @property
    def total(self) -> int:
        """How many calls there are, those that are still to come included."""
        return sum(row.total for row in self._groups())

    def rows(self, limit: int | None = None) -> tuple[list[Row], int]:
        """Return rows in the order of their starts, and how many that are done were left out to keep the limit."""
        rows = self._groups()
        if limit is None or len(rows) <= limit:
            return rows, 0
        surplus = len(rows) - max(limit - 1, 1)
        # Those that are done go first, the earliest first; then whatever is earliest.
        done = {row.name for row in [row for row in rows if row.status in _DONE][:surplus]}
        left = [row for row in rows if row.name not in done]
        dropped = len(done) + max(len(left) - (limit - 1), 0)
        return left[max(len(left) - (limit - 1), 0) :], dropped

    def _groups(self) -> list[Row]:
        members: dict[str, list[Step]] = {}
        for step in sorted(self._steps.values(), key=_start_order):
            members.setdefault(base_name(step.name, self._steps), []).append(step)
        rows: list[Row] = []
        for name, steps in members.items():
            total = max(len(steps), self.expected.get(name, 0))
            if total >= _LEAST_FOLD:
                rows.append(self._row(name, steps, total))
            else:
                rows += [self._row(step.name, [step], 1) for step in steps]
        return sorted(rows, key=_start_order)

    def _row(self, name: str, steps: list[Step], total: int) -> Row:
        counts: dict[str, int] = {}
        for step in steps:
            counts[step.status] = counts.get(step.status, 0) + 1
        ended = [step.ended_at for step in steps if step.ended_at is not None]
        open_ = [step for step in steps if step.status not in _ENDED]
        over = not open_ and len(steps) == total
        status = min(counts, key=weight) if over else "running"
        return Row(
            name,
            steps[0].status if len(steps) == total == 1 else status,
            total,
            {state: counts[state] for state in sorted(counts, key=weight)},
            sum(step.attempt > 1 for step in steps),
            steps[0].attempt,
            min((step.started_at for step in steps if step.started_at), default=None),
            max(ended, default=None) if over else None,
            self._said(steps, open_, folded=total > 1),
        )

    def _said(self, steps: list[Step], open_: list[Step], *, folded: bool) -> str:
        """Return why one of the calls failed, else what one that runs has said."""
        failed = [(step.name, self._errors.get(step.name, "")) for step in steps if step.status == "failed"]
        notes = {
            **self._notes,
            **{step.name: _next(self._retrying[step.name]) for step in open_ if self._is_retried(step)},
        }
        said = [(step.name, notes[step.name]) for step in reversed(open_) if step.name in notes]
        name, text = next(iter([*[entry for entry in failed if entry[1]], *said]), ("", ""))
        return f"{name}: {text}" if text and folded else text


def _next(event: Event) -> str:
    """Return why a call is tried again, and when."""
    return event.text.removeprefix(f"checkpoint {event.checkpoint} ")


def _start_order(step: Step | Row) -> tuple[bool, float, str]:
    return (step.started_at is None, step.started_at.timestamp() if step.started_at else 0.0, step.name)
