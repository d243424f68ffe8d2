"""What model calls took: recorded with the checkpoint they were made in, summed up for the execution."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from zenml import get_step_context
from zenml.enums import ExecutionStatus, MetadataResourceTypes
from zenml.models import RunMetadataResource

from kitaru._core.records.executions import ExecutionUsage, Usage
from kitaru._zenml.records.step_list import list_steps
from kitaru._zenml.records.tracking import write_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from zenml.models import PipelineRunResponse, StepRunResponse
    from zenml.steps import StepContext

USAGE_KEY = "kitaru_usage"


class _Step:
    """What a running checkpoint has used, and how many calls of each name it has made."""

    def __init__(self) -> None:
        self.total = Usage()
        self.calls: Counter[str] = Counter()


_lock = threading.Lock()
_steps: WeakKeyDictionary[StepContext, _Step] = WeakKeyDictionary()  # a context is gone when its step has ended
_runs: set[UUID] = set()  # which have used something since their total was recorded


def note(usage: Usage) -> None:
    """Add to what the running checkpoint has used."""
    context = get_step_context()
    with _lock:
        step = _steps.setdefault(context, _Step())
        step.total += usage
        _runs.add(context.pipeline_run.id)
        _write(RunMetadataResource(id=context.step_run.id, type=MetadataResourceTypes.STEP_RUN), step.total)


def label_of(name: str) -> str:
    """Return what a call of a name is called in the running checkpoint: its second one of ``hint`` is ``hint_2``."""
    with _lock:
        calls = _steps.setdefault(get_step_context(), _Step()).calls
        calls[name] += 1
        return name if calls[name] == 1 else f"{name}_{calls[name]}"


def note_taken(run_id: UUID, step: StepRunResponse) -> None:
    """Take notice of a result of an earlier execution: what it had used then is saved now."""
    if usage_of(step) is not None:
        with _lock:
            _runs.add(run_id)


def note_total(run_id: UUID, known: Iterable[StepRunResponse] = ()) -> None:
    """Record what an execution has used, where its calls have used something.

    Args:
        run_id: The execution.
        known: Calls that earlier runners of it have made.
    """
    with _lock:
        is_used = run_id in _runs
        _runs.discard(run_id)  # before its calls are read: what is used meanwhile counts the next time
    if is_used or any(usage_of(step) is not None for step in known):
        total = total_of(list_steps(run_id, hydrate=True))
        if total is not None:
            _write(RunMetadataResource(id=run_id, type=MetadataResourceTypes.PIPELINE_RUN), total)


def usage_of(step: StepRunResponse) -> Usage | None:
    """Return what one start of a call has used; None where it has made no model call."""
    stored = step.run_metadata.get(USAGE_KEY)
    return Usage.model_validate(stored) if isinstance(stored, dict) else None


def recorded_total(run: PipelineRunResponse) -> ExecutionUsage | None:
    """Return what an execution has used as it was recorded when its last attempt ended."""
    stored = run.run_metadata.get(USAGE_KEY)
    return ExecutionUsage.model_validate(stored) if isinstance(stored, dict) else None


def total_of(steps: Iterable[StepRunResponse]) -> ExecutionUsage | None:
    """Sum up what calls have used, each start of them; None where none has used anything."""
    spent, saved, has_usage = Usage(), Usage(), False
    for step in steps:
        usage = usage_of(step)
        if usage is None:
            continue
        has_usage = True
        if step.status in (ExecutionStatus.CACHED, ExecutionStatus.SKIPPED):  # another execution has paid for it
            saved += usage
        else:
            spent += usage
    return ExecutionUsage(**spent.model_dump(), saved=saved) if has_usage else None


def _write(resource: RunMetadataResource, usage: Usage) -> None:
    value: dict[str, Any] = usage.model_dump(mode="json")
    write_metadata(resource, {USAGE_KEY: value})
