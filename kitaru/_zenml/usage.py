"""What model calls took: recorded with the checkpoint they were made in, summed up for the execution."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from zenml import get_step_context
from zenml.client import Client
from zenml.enums import ExecutionStatus, MetadataResourceTypes
from zenml.models import RunMetadataResource
from zenml.utils.pagination_utils import depaginate

from kitaru._zenml.tracking import write_metadata
from kitaru.models import ExecutionUsage, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from zenml.models import PipelineRunResponse, StepRunResponse

USAGE_KEY = "kitaru_usage"

_lock = threading.Lock()
_by_step: dict[UUID, Usage] = {}
_runs: set[UUID] = set()
_labels: Counter[tuple[UUID, str]] = Counter()


def note(usage: Usage) -> None:
    """Add to what the running checkpoint has used."""
    context = get_step_context()
    step_id = context.step_run.id
    with _lock:
        total = _by_step[step_id] = _by_step.get(step_id, Usage()) + usage
        _runs.add(context.pipeline_run.id)
        _write(RunMetadataResource(id=step_id, type=MetadataResourceTypes.STEP_RUN), total)


def label_of(name: str) -> str:
    """Return what a call of a name is called in the running checkpoint: its second one of ``hint`` is ``hint_2``."""
    with _lock:
        _labels[place := (get_step_context().step_run.id, name)] += 1
        return name if _labels[place] == 1 else f"{name}_{_labels[place]}"


def note_taken(run_id: UUID, step: StepRunResponse) -> None:
    """Take notice of a result of an earlier execution: what it had used then is saved now."""
    if usage_of(step) is not None:
        _runs.add(run_id)


def note_total(run_id: UUID, known: Iterable[StepRunResponse] = ()) -> None:
    """Record what an execution has used, where its calls have used something.

    Args:
        run_id: The execution.
        known: Calls that earlier runners of it have made.
    """
    if run_id in _runs or any(usage_of(step) is not None for step in known):
        steps = depaginate(Client().list_run_steps, pipeline_run_id=run_id, size=200, hydrate=True)
        total = total_of(steps)
        if total is not None:
            _write(RunMetadataResource(id=run_id, type=MetadataResourceTypes.PIPELINE_RUN), total)


def usage_of(step: StepRunResponse) -> Usage | None:
    """Return what one start of a call has used; None where it has made no model call."""
    found = step.run_metadata.get(USAGE_KEY)
    return Usage.model_validate(found) if isinstance(found, dict) else None


def recorded_total(run: PipelineRunResponse) -> ExecutionUsage | None:
    """Return what an execution has used as it was recorded when its last attempt ended."""
    found = run.run_metadata.get(USAGE_KEY)
    return ExecutionUsage.model_validate(found) if isinstance(found, dict) else None


def total_of(steps: Iterable[StepRunResponse]) -> ExecutionUsage | None:
    """Sum up what calls have used, each start of them; None where none has used anything."""
    spent, saved, found = Usage(), Usage(), False
    for step in steps:
        usage = usage_of(step)
        if usage is None:
            continue
        found = True
        if step.status in (ExecutionStatus.CACHED, ExecutionStatus.SKIPPED):  # another execution has paid for it
            saved += usage
        else:
            spent += usage
    return ExecutionUsage(**spent.model_dump(), saved=saved) if found else None


def _write(resource: RunMetadataResource, usage: Usage) -> None:
    value: dict[str, Any] = usage.model_dump(mode="json")
    write_metadata(resource, {USAGE_KEY: value})
