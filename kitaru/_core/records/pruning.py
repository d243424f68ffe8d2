"""What a clean-up has deleted, or would delete."""

from __future__ import annotations

from datetime import datetime

from kitaru._core.records.record import Record
from kitaru._core.records.status import ExecutionStatus


class PrunedExecution(Record):
    """An execution that was deleted, or would be."""

    exec_id: str
    flow_name: str
    status: ExecutionStatus
    ended_at: datetime | None


class Pruned(Record):
    """What a clean-up has deleted.

    Attributes:
        executions: The executions, the oldest first.
        artifacts: How many of their stored values were deleted; in a dry run, how many they have.
        artifacts_kept: How many were kept, as something else refers to them; 0 in a dry run, which does not look for it.
        images: Container images that were deleted from this machine's engine.
        bytes: Size of the files that were deleted; in a dry run, of all that belongs to them. Only files of this machine.
        dry_run: Whether nothing was deleted.
    """

    executions: tuple[PrunedExecution, ...] = ()
    artifacts: int = 0
    artifacts_kept: int = 0
    images: tuple[str, ...] = ()
    bytes: int = 0
    dry_run: bool = False
