"""What Kitaru tells about executions: plain typed models, with nothing of ZenML in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from kitaru._core.status import ExecutionStatus

CheckpointStatus = Literal["pending", "running", "completed", "cached", "failed", "skipped", "cancelled"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SettingValue(_Model):
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


class Attempt(_Model):
    """One attempt at a flow's body.

    Attributes:
        number: 1 for the first.
        reason: Why it was made: ``"first attempt"``, or how the one before ended.
        started_at: When it started, in UTC.
        ended_at: When it ended; None while it runs.
        outcome: ``"completed"``, ``"failed"`` or ``"lost"`` (its runner was); None while it runs.
        error: What ended it, in a line.
    """

    number: int
    reason: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    error: str | None = None


class ExecutionFailure(_Model):
    """Why an execution failed.

    Attributes:
        origin: ``"checkpoint"``, ``"flow"`` (the body itself), ``"import"`` (the flow's module) or ``"runner"``.
        message: The exception's message, or what happened to the runner.
        type: Qualified name of the exception's type.
        checkpoint: Name of the checkpoint that raised.
        traceback: The user's own frames, as text.
    """

    origin: str
    message: str
    type: str | None = None
    checkpoint: str | None = None
    traceback: str | None = None


class CheckpointExecution(_Model):
    """One call of a checkpoint in an execution.

    Attributes:
        name: Its name in the execution: the function's, with ``_2``, ``_3`` for further calls.
        checkpoint: The function's name.
        status: ``"cached"`` where an earlier execution's result was taken.
        started_at: When its latest attempt started, in UTC.
        ended_at: When that ended; None while it runs.
        tries: How often it has been started in this execution.
        parents: Names of the calls that it depends on.
    """

    name: str
    checkpoint: str
    status: CheckpointStatus
    started_at: datetime | None
    ended_at: datetime | None
    tries: int
    parents: tuple[str, ...]

    @property
    def duration(self) -> timedelta | None:
        """How long it took; None while it runs."""
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at


class Execution(_Model):
    """An execution as it was when it was read.

    Attributes:
        exec_id: Its id, for life.
        flow_name: The flow's name.
        status: Its state.
        status_reason: Why it is in that state, where there is a reason.
        stack_name: The stack it runs on.
        started_at: When it was submitted, in UTC.
        ended_at: When it ended; None while it has not.
        settings: Its settings, each with the layer it came from.
        inputs: Its inputs; one that is no plain JSON is shown by its type.
        failure: Why it failed.
        attempts: The attempts at its body, the first one first.
        checkpoints: Its calls of checkpoints, in the order in which they started.
        dashboard_url: Its page in ZenML's dashboard; None without a server.
    """

    exec_id: str
    flow_name: str
    status: ExecutionStatus
    status_reason: str | None
    stack_name: str | None
    started_at: datetime | None
    ended_at: datetime | None
    settings: dict[str, SettingValue]
    inputs: dict[str, Any]
    failure: ExecutionFailure | None
    attempts: tuple[Attempt, ...]
    checkpoints: tuple[CheckpointExecution, ...]
    dashboard_url: str | None

    @property
    def duration(self) -> timedelta | None:
        """How long it took from submission to end; None while it has not ended."""
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at
