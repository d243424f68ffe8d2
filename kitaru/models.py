"""The records that executions are told by: frozen data, as it was when it was read."""

from __future__ import annotations

from kitaru._core.drawing.execution import Execution
from kitaru._core.records.executions import (
    Artifact,
    ArtifactKind,
    Attempt,
    CheckpointAttempt,
    CheckpointExecution,
    CheckpointStatus,
    ExecutionFailure,
    ExecutionSummary,
    ExecutionUsage,
    LogEntry,
    PendingWait,
    ReplayOutcome,
    Replays,
    SettingValue,
    Usage,
    Wait,
)
from kitaru._core.records.pruning import Pruned, PrunedExecution

__all__ = [
    "Artifact",
    "ArtifactKind",
    "Attempt",
    "CheckpointAttempt",
    "CheckpointExecution",
    "CheckpointStatus",
    "Execution",
    "ExecutionFailure",
    "ExecutionSummary",
    "ExecutionUsage",
    "LogEntry",
    "PendingWait",
    "Pruned",
    "PrunedExecution",
    "ReplayOutcome",
    "Replays",
    "SettingValue",
    "Usage",
    "Wait",
]
