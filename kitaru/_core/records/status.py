"""The states of an execution."""

from __future__ import annotations

from enum import StrEnum


class ExecutionStatus(StrEnum):
    """State of an execution.

    Examples:
        >>> ExecutionStatus.COMPLETED.is_finished
        True
    """

    PENDING = "pending"
    """Created, and not started yet."""
    RUNNING = "running"
    WAITING = "waiting"
    """Waits for an answer to a question."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_finished(self) -> bool:
        """Whether the execution has ended, well or badly."""
        return self in (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED)

    @property
    def is_successful(self) -> bool:
        """Whether the execution has ended with a value."""
        return self is ExecutionStatus.COMPLETED
