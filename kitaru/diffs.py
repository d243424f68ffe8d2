"""What is different between two executions, and its forms for people: text and a page of HTML."""

from __future__ import annotations

from kitaru._core.comparing.differences import CheckpointDiff, ExecutionDiff, ValueDiff, summary_rows

__all__ = ["CheckpointDiff", "ExecutionDiff", "ValueDiff", "summary_rows"]
