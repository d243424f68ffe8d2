"""Cleaning up: deleting finished executions with all that belongs to them alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zenml.client import Client
from zenml.enums import ExecutionStatus as ZenMLStatus
from zenml.utils.pagination_utils import depaginate

from kitaru._core.process import crash_points
from kitaru._core.records.pruning import Pruned, PrunedExecution
from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.records.original import plan_of
from kitaru._zenml.records.runs import STATUS, TAG, flow_name_of, utc
from kitaru._zenml.steering.leftovers import Leftovers, Removal
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zenml.models import PipelineRunResponse


def prune(*, older_than: datetime | None, flow: str | None, keep: int, dry_run: bool) -> Pruned:
    """Delete finished executions.

    Args:
        older_than: Only those that ended before.
        flow: Only those of this flow.
        keep: How many of each flow are kept whatever their age, the latest ones.
        dry_run: Whether nothing is to be deleted.
    """
    with translated("cleaning up executions"):
        open_client()
        if flow is not None:
            _check_flow(flow)
        runs = sorted(_candidates(older_than, flow, keep), key=lambda run: run.created)
        executions = tuple(map(_described, runs))
        if dry_run:
            left = list(map(Leftovers.of, runs))
            stored = {artifact for one in left for artifact in one.artifacts}
            size = sum(one.size for one in left)
            return Pruned(executions=executions, artifacts=len(stored), bytes=size, dry_run=True)
        for run in runs:
            _delete(run)
        removal = Removal()
        removal.run()
    return Pruned(
        executions=executions,
        artifacts=removal.artifacts,
        artifacts_kept=removal.kept,
        images=tuple(removal.images),
        bytes=removal.bytes,
    )


def _delete(run: PipelineRunResponse) -> None:
    """Delete the record of an execution, once what it leaves has been written down."""
    try:
        Leftovers.of(run).note()
        crash_points.reach("pruning, noted")
        Client().zen_store.delete_run(run.id)
        crash_points.reach("pruning, deleted")
    except KeyError:  # another clean-up was faster
        return


def _check_flow(flow: str) -> None:
    if Client().list_pipelines(name=flow, size=1).items:
        return
    known = [pipeline.name for pipeline in depaginate(Client().list_pipelines, size=200)]
    raise KitaruUsageError(
        f"There is no flow {flow!r}.{did_you_mean(flow, known)} `kitaru executions list` shows them."
    )


def _candidates(older_than: datetime | None, flow: str | None, keep: int) -> Iterator[PipelineRunResponse]:
    """Yield the finished executions that are to be deleted, the latest first."""
    in_use = _in_use()
    seen: dict[str, int] = {}
    finished = json.dumps([status.value for status in ZenMLStatus if status.is_finished])
    runs = depaginate(
        Client().list_pipeline_runs,
        pipeline_name=flow,
        tags=[TAG],
        status=f"oneof:{finished}",
        sort_by="desc:created",
        size=100,
        hydrate=True,
    )
    for run in list(runs):
        name = flow_name_of(run)
        seen[name] = seen.get(name, 0) + 1
        ended = utc(run.end_time or run.updated)
        is_old = older_than is None or (ended is not None and ended < older_than.astimezone(UTC))
        if seen[name] > keep and is_old and str(run.id) not in in_use:
            yield run


def _in_use() -> set[str]:
    """Return the executions that replays take calls from which have not finished."""
    unfinished = json.dumps([status.value for status in ZenMLStatus if not status.is_finished])
    runs = depaginate(Client().list_pipeline_runs, tags=[TAG], status=f"oneof:{unfinished}", size=100, hydrate=True)
    return {plan.original for plan in map(plan_of, runs) if plan is not None}


def _described(run: PipelineRunResponse) -> PrunedExecution:
    return PrunedExecution(
        exec_id=str(run.id), flow_name=flow_name_of(run), status=STATUS[run.status], ended_at=utc(run.end_time)
    )
