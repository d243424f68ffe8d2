"""What is different between two executions, and its forms for people: text and a page of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, computed_field

from kitaru._core.records.executions import CheckpointStatus, ExecutionSummary
from kitaru._core.records.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

Change = Literal["equal", "changed", "only_a", "only_b", "unknown"]


class _Computing(Record):
    model_config = ConfigDict(extra="ignore")  # its JSON, with what is computed, can be read back


class ValueDiff(Record):
    """A value of two executions.

    Attributes:
        name: What it is called: an input, an output (``"fetch_2"``, ``"split.train"``), a key of metadata.
        change: ``"equal"``, ``"changed"``, ``"only_a"`` or ``"only_b"`` where one side alone has it, ``"unknown"`` where
            it is stored anew and cannot be loaded here.
        kind: What it was compared as: ``"text"``, ``"data"``, ``"table"`` or ``"other"``.
        a: The value of A in a line; None where there is none, or where it is equal and was not loaded.
        b: The value of B, likewise.
        lines: The difference in lines: a unified diff of text, else a line for each part that differs.
    """

    name: str
    change: Change
    kind: Literal["text", "data", "table", "other"] | None = None
    a: str | None = None
    b: str | None = None
    lines: tuple[str, ...] = ()


class CheckpointDiff(_Computing):
    """A call of a checkpoint in two executions, matched by its name.

    Attributes:
        name: The call: ``"fetch_2"``.
        checkpoint: The function's name.
        status_a: How it ended in A; None where A has no such call.
        status_b: How it ended in B.
        seconds_a: How long it took in A.
        seconds_b: How long it took in B.
        replay: Whether B, as a replay, has ``"reused"``, ``"overridden"`` or ``"run"`` it.
        values: Its outputs, and what it saved.
        metadata: What ``kitaru.log`` recorded in it.
    """

    name: str
    checkpoint: str
    status_a: CheckpointStatus | None
    status_b: CheckpointStatus | None
    seconds_a: float | None
    seconds_b: float | None
    replay: Literal["reused", "overridden", "run"] | None
    values: tuple[ValueDiff, ...]
    metadata: tuple[ValueDiff, ...]

    @computed_field  # type: ignore[prop-decorator]  # pydantic has it so
    @property
    def change(self) -> Change:
        """``"changed"`` where a value, its metadata or whether it succeeded differs."""
        if self.status_a is None:
            return "only_b"
        if self.status_b is None:
            return "only_a"
        same_end = _end(self.status_a) == _end(self.status_b)
        return _combined([*self.values, *self.metadata]) if same_end else "changed"


class ExecutionDiff(_Computing):
    """What is different between the executions A and B.

    Attributes:
        a: Execution A.
        b: Execution B.
        inputs: The flow's inputs.
        checkpoints: The calls of checkpoints, in the order of A, and then what B alone has.
        values: What the flow's body saved.
        metadata: What ``kitaru.log`` recorded in the flow's body.
        result: The flow's value; None where neither side has one.
        failure_a: Why A failed, in a line.
        failure_b: Why B failed, in a line.
        changed_code: Checkpoints of B whose code has changed since they completed.
    """

    a: ExecutionSummary
    b: ExecutionSummary
    inputs: tuple[ValueDiff, ...]
    checkpoints: tuple[CheckpointDiff, ...]
    values: tuple[ValueDiff, ...]
    metadata: tuple[ValueDiff, ...]
    result: ValueDiff | None
    failure_a: str | None
    failure_b: str | None
    changed_code: tuple[str, ...]

    @computed_field  # type: ignore[prop-decorator]  # pydantic has it so
    @property
    def changed(self) -> bool:
        """Whether anything but ids, moments and durations differs."""
        values = [*self.inputs, *self.values, *self.metadata, *([self.result] if self.result else [])]
        changes = {*(value.change for value in values), *(checkpoint.change for checkpoint in self.checkpoints)}
        return self.a.status != self.b.status or self.failure_a != self.failure_b or not changes <= {"equal", "unknown"}

    def to_text(self) -> str:
        """Return the difference as a page of text."""
        from kitaru._core.comparing.diff_text import page

        return page(self.model_dump(mode="json"))

    def to_html(self) -> str:
        """Return the difference as a page of HTML that needs nothing else."""
        from kitaru._core.comparing.diff_page import page

        return page(self.model_dump(mode="json"))


def summary_rows(diffs: Iterable[ExecutionDiff]) -> list[dict[str, Any]]:
    """Return a row for each pair: who they are, how they ended, how much is different and the results."""
    rows = []
    for diff in diffs:
        changes = [checkpoint.change for checkpoint in diff.checkpoints]
        rows.append(
            {
                "a": diff.a.exec_id,
                "b": diff.b.exec_id,
                "status_a": str(diff.a.status),
                "status_b": str(diff.b.status),
                "equal": changes.count("equal"),
                "changed": [c.name for c in diff.checkpoints if c.change not in ("equal", "unknown")],
                "result": diff.result.change if diff.result else None,
                "result_a": diff.result.a if diff.result else None,
                "result_b": diff.result.b if diff.result else None,
            }
        )
    return rows


def _end(status: CheckpointStatus) -> str:
    """How a call ended: whether its output was computed now or taken from elsewhere makes no difference."""
    return "completed" if status in ("completed", "cached", "skipped") else status


def _combined(parts: list[ValueDiff]) -> Change:
    changes = {part.change for part in parts}
    if changes - {"equal", "unknown"}:
        return "changed"
    return "unknown" if "unknown" in changes else "equal"
