"""Execution records: frozen data, with nothing of ZenML in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import PrivateAttr

from kitaru._core.records.record import Record
from kitaru._core.records.status import ExecutionStatus
from kitaru.errors import KitaruStateError

CheckpointStatus = Literal["pending", "running", "completed", "cached", "failed", "skipped", "cancelled"]


class SettingValue(Record):
    """A setting of an execution and where it came from.

    Attributes:
        value: The value that was used.
        layer: The layer that gave it: ``"run"``, ``"flow"``, ``"configure"``, ``"environment"``, ``"pyproject"``,
            ``"active stack"`` or ``"default"``.
        detail: The place in the layer, for people: ``"KITARU_STACK"``.
    """

    value: Any
    layer: str
    detail: str


class Attempt(Record):
    """One attempt at a flow's body.

    Attributes:
        number: 1 for the first.
        reason: Why it was made: ``"first attempt"``, or how the one before ended.
        started_at: When it started, in UTC.
        ended_at: When it ended; None while it runs.
        outcome: ``"completed"``, ``"failed"``, ``"lost"`` (its runner was), ``"cancelled"``, or ``"waiting"`` for an
            answer with no runner; None while it runs.
        error: What ended it, in a line.
        next_at: When the next one is due, or was, in UTC; None where none follows, or one at once.
    """

    number: int
    reason: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    error: str | None = None
    next_at: datetime | None = None


class ExecutionFailure(Record):
    """Why an execution failed.

    Attributes:
        origin: ``"checkpoint"``, ``"flow"`` (the body itself), ``"import"`` (the flow's module), ``"runner"`` or
            ``"divergence"`` (the body does not follow the record of earlier attempts).
        message: The exception's message, or what happened to the runner.
        type: Qualified name of the exception's type.
        checkpoint: Name of the checkpoint that raised.
        traceback: The user's own frames, as text.
        surroundings: What the runner had otherwise than the execution had at its start: secrets that were missing or had
            other values, by name, in words.
    """

    origin: str
    message: str
    type: str | None = None
    checkpoint: str | None = None
    traceback: str | None = None
    surroundings: str | None = None


class Usage(Record):
    """What model calls have used.

    Attributes:
        calls: How many they were.
        input_tokens: Tokens that the models read.
        output_tokens: Tokens that the models wrote.
        cost: What they cost in US dollars, as far as prices are known.
        unpriced: How many of them no price is known for.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Return what both have used."""
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})


class ExecutionUsage(Usage):
    """What the model calls of an execution have used, attempts that failed included.

    Attributes:
        saved: What was not used, as earlier executions had paid for it: results from the cache, and calls that a replay
            takes from its original.
    """

    saved: Usage = Usage()


class CheckpointAttempt(Record):
    """One start of a checkpoint call.

    Attributes:
        number: 1 for the first in this execution.
        status: How it ended, or that it runs.
        started_at: When it started, in UTC.
        ended_at: When it ended; None while it runs.
        error: What it raised, in a line.
        next_at: When the next one is due, or was, in UTC; None where none follows, or one at once.
    """

    number: int
    status: CheckpointStatus
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None = None
    next_at: datetime | None = None


class CheckpointExecution(Record):
    """One call of a checkpoint in an execution.

    Attributes:
        name: Its name in the execution: its id, else the function's name, with ``_2``, ``_3`` for further calls.
        checkpoint: The function's name.
        type: The word for the kind of work that the decorator gives.
        status: ``"cached"`` where an earlier execution's result was taken.
        started_at: When its latest attempt started, in UTC.
        ended_at: When that ended; None while it runs.
        attempts: Its starts in this execution, the first one first.
        parents: Names of the calls that it depends on.
        after: Those of them that it comes after in the body's order alone: it got none of their values.
        metadata: What ``kitaru.log`` recorded in it.
        progress: What ``kitaru.progress`` said last.
        replay: In a replay ``"reused"`` where the original's output was taken, ``"overridden"`` where it returned a
            value given, ``"run"`` where it was run; None in other executions.
        usage: What model calls in it have used, over all its attempts; None where it made none. Of one that is
            ``"cached"`` or ``"reused"`` it is what was used when its result was made.
        changed_inputs: Of a call with an id, the parameters that were given something else later than when its result was
            made, which stands all the same.
    """

    name: str
    checkpoint: str
    type: str | None
    status: CheckpointStatus
    started_at: datetime | None
    ended_at: datetime | None
    attempts: tuple[CheckpointAttempt, ...]
    parents: tuple[str, ...]
    metadata: dict[str, Any]
    progress: str | None
    replay: Literal["reused", "overridden", "run"] | None = None
    usage: Usage | None = None
    changed_inputs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def duration(self) -> timedelta | None:
        """How long its latest attempt took; None while it runs."""
        return _between(self.started_at, self.ended_at)


class PendingWait(Record):
    """A question that an execution waits for.

    Attributes:
        name: Its name in the execution.
        question: What people are asked.
        json_schema: JSON schema of the answer.
        metadata: More about the question.
        asked_at: When it was asked first, in UTC.
    """

    name: str
    question: str | None
    json_schema: dict[str, Any]
    metadata: dict[str, Any]
    asked_at: datetime


class Wait(Record):
    """A question that an execution asked.

    Attributes:
        name: Its name in the execution.
        question: What people are asked.
        asked_at: When it was asked first, in UTC.
        answered_at: When it was answered; None while it is open.
        outcome: ``"answered"`` or ``"aborted"``; None while it is open.
    """

    name: str
    question: str | None
    asked_at: datetime
    answered_at: datetime | None = None
    outcome: Literal["answered", "aborted"] | None = None


ArtifactKind = Literal["output", "input", "saved", "result"]


class Artifact(Record):
    """A stored value of an execution.

    Attributes:
        id: Its id in ZenML.
        name: The output's name (``"fetch_2"`` for the one output of that call, ``"split.train"`` for a named one), or
            the name given to ``kitaru.save``.
        kind: ``"output"``, ``"input"``, ``"saved"`` or ``"result"``.
        checkpoint: The call that made or took it; None for the flow's body.
        type: The Python type, as an import path.
        uri: Where it is stored.
        created_at: When it was stored, in UTC.
    """

    id: str
    name: str
    kind: ArtifactKind
    checkpoint: str | None
    type: str
    uri: str
    created_at: datetime

    _read: Callable[[str], Any] | None = PrivateAttr(default=None)

    def load(self) -> Any:
        """Load the value.

        Raises:
            KitaruBackendError: The store cannot be reached, or the value cannot be loaded here.
            KitaruUsageError: There is no such artifact any more.
            KitaruStateError: This is a copy that was made of plain data, and not read from a store.
        """
        if self._read is None:
            raise KitaruStateError(
                f"Artifact {self.id} was not read from a store. Get it from there: KitaruClient().artifacts.get({self.id!r})."
            )
        return self._read(self.id)

    def read_by(self, read: Callable[[str], Any]) -> Artifact:
        """Return the artifact with what loads its value: a function of its id."""
        artifact = self.model_copy()
        artifact._read = read  # noqa: SLF001 - its own class
        return artifact


class LogEntry(Record):
    """One line of a log.

    Attributes:
        message: The text.
        checkpoint: The call that wrote it; None for the runner's log.
        at: When it was written, in UTC, where that is known.
        level: ``"info"``, ``"warning"``, ..., where that is known.
        event: Where a local runner has told of the execution's course itself, the same as data: ``kind`` and ``at``, and of
            ``checkpoint``, ``wait``, ``status``, ``seconds``, ``error``, ``total``, ``attempt`` and ``message`` what
            applies. None for what the flow has put out, whatever it looks like.
    """

    message: str
    checkpoint: str | None = None
    at: datetime | None = None
    level: str | None = None
    event: dict[str, Any] | None = None


class ExecutionSummary(Record):
    """An execution in a line.

    Attributes:
        exec_id: Its id, for life.
        flow_name: The flow's name.
        status: Its state.
        status_reason: Why it is in that state, where there is a reason.
        stack_name: The stack it runs on.
        started_at: When it was submitted, in UTC.
        ended_at: When it ended; None while it has not.
        usage: What model calls in it have used; None where it made none. In a list it is what the last attempt that
            ended has recorded.
        name: The name of its run in ZenML.
        tags: Its tags, but for those that every run of the flow has.
        user: Whose it is: the user of ZenML who submitted it; None where that one is gone.
    """

    exec_id: str
    flow_name: str
    status: ExecutionStatus
    status_reason: str | None
    stack_name: str | None
    started_at: datetime | None
    ended_at: datetime | None
    usage: ExecutionUsage | None = None
    name: str = ""
    tags: tuple[str, ...] = ()
    user: str | None = None

    @property
    def duration(self) -> timedelta | None:
        """How long it took from submission to end; None while it has not ended."""
        return _between(self.started_at, self.ended_at)


class ExecutionRecord(ExecutionSummary):
    """All that is known of an execution, as it was when it was read.

    Attributes:
        settings: Its settings, each with the layer it came from.
        inputs: Its inputs; one that is no plain JSON is shown by its type.
        failure: Why it failed.
        attempts: The attempts at its body, the first one first.
        checkpoints: Its calls of checkpoints, in the order in which they started.
        artifacts: Its stored values.
        metadata: What ``kitaru.log`` recorded in the flow's body.
        pending_wait: The question that it waits for.
        waits: All questions that it asked, the first one first.
        changed_code: Checkpoints whose code has changed since they completed in this execution.
        original_exec_id: The execution that this one replays.
        dashboard_url: Its page in ZenML's dashboard; None without a server.
        idempotency_key: The key of the order for which it was started; None where there was none.
    """

    settings: dict[str, SettingValue]
    inputs: dict[str, Any]
    failure: ExecutionFailure | None
    attempts: tuple[Attempt, ...]
    checkpoints: tuple[CheckpointExecution, ...]
    artifacts: tuple[Artifact, ...]
    metadata: dict[str, Any]
    pending_wait: PendingWait | None
    waits: tuple[Wait, ...] = ()
    changed_code: tuple[str, ...]
    original_exec_id: str | None
    dashboard_url: str | None
    idempotency_key: str | None = None


class ReplayOutcome(Record):
    """What became of one replay of many.

    Attributes:
        original_exec_id: The execution that was to be replayed.
        exec_id: The replay; None where it could not be started.
        status: How the replay ended, or that it waits for an answer; None where it could not be started.
        error: Why it failed or could not be started.
        result: Its value.
    """

    original_exec_id: str
    exec_id: str | None
    status: ExecutionStatus | None
    error: str | None
    result: Any = None


class Replays(Record):
    """What became of many replays, in the order of their originals.

    Attributes:
        outcomes: One for each original.
    """

    outcomes: tuple[ReplayOutcome, ...]

    @property
    def completed(self) -> tuple[ReplayOutcome, ...]:
        """Those that completed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is ExecutionStatus.COMPLETED)

    @property
    def failed(self) -> tuple[ReplayOutcome, ...]:
        """Those that failed, were cancelled or could not be started."""
        unfailed = (ExecutionStatus.COMPLETED, ExecutionStatus.WAITING)
        return tuple(outcome for outcome in self.outcomes if outcome.status not in unfailed)

    @property
    def waiting(self) -> tuple[ReplayOutcome, ...]:
        """Those that wait for an answer."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is ExecutionStatus.WAITING)


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return end - start if start is not None and end is not None else None
