"""Cleaning up: deleting finished executions with all that belongs to them alone."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zenml.client import Client
from zenml.utils.pagination_utils import depaginate

from kitaru._core.process import crash_points, files
from kitaru._core.process.places import runner_directory
from kitaru._core.records.pruning import Pruned, PrunedExecution
from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.records.original import plan_of
from kitaru._zenml.records.runs import STATUS, TAG, exclusive, flow_name_of, utc
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
        runs = _chosen(older_than, flow, keep)
        if dry_run:
            executions = tuple(map(_described, runs))
            left = list(map(Leftovers.of, runs))
            stored = {artifact for one in left for artifact in one.artifacts}
            size = sum(one.size for one in left)
            return Pruned(executions=executions, artifacts=len(stored), bytes=size, dry_run=True)
        deleted = tuple(_described(run) for run in runs if _delete(run))
        removal = Removal()
        removal.run()
    return Pruned(
        executions=deleted,
        artifacts=removal.artifacts,
        artifacts_kept=removal.kept,
        images=tuple(removal.images),
        bytes=removal.bytes,
    )


def _delete(run: PipelineRunResponse) -> bool:
    """Delete the record of an execution, once what it leaves has been written down; returns whether it was there.

    One that somebody lets go on meanwhile is left alone.
    """
    with exclusive(), suppress(KeyError):  # another clean-up was faster
        fresh = Client().zen_store.get_run(run.id)
        if _is_at_work(fresh):
            return False
        Leftovers.of(fresh).note()
        crash_points.reach("pruning, noted")
        Client().zen_store.delete_run(run.id)
        crash_points.reach("pruning, deleted")
        return True
    return False


def _check_flow(flow: str) -> None:
    if Client().list_pipelines(name=flow, size=1).items:
        return
    known = [pipeline.name for pipeline in depaginate(Client().list_pipelines, size=200)]
    raise KitaruUsageError(
        f"There is no flow {flow!r}.{did_you_mean(flow, known)} `kitaru executions list` shows them."
    )


def _chosen(older_than: datetime | None, flow: str | None, keep: int) -> list[PipelineRunResponse]:
    """Return the executions that are to be deleted, the oldest first: finished ones that none which stays needs."""
    runs = list(depaginate(Client().list_pipeline_runs, tags=[TAG], sort_by="desc:created", size=100, hydrate=True))
    chosen = {str(run.id): run for run in _old(runs, older_than, flow, keep)}
    while needed := {_original_of(run) for run in runs if str(run.id) not in chosen} & chosen.keys():
        chosen = {exec_id: run for exec_id, run in chosen.items() if exec_id not in needed}
    return sorted(chosen.values(), key=lambda run: run.created)


def _old(
    runs: list[PipelineRunResponse], older_than: datetime | None, flow: str | None, keep: int
) -> Iterator[PipelineRunResponse]:
    seen: Counter[str] = Counter()
    for run in runs:
        name = flow_name_of(run)
        if flow not in (None, name) or _is_at_work(run):
            continue
        seen[name] += 1
        ended = utc(run.end_time or run.updated)
        if seen[name] > keep and (older_than is None or (ended is not None and ended < older_than.astimezone(UTC))):
            yield run


def _is_at_work(run: PipelineRunResponse) -> bool:
    """Whether a run has not ended, or its runner on this machine still calls hooks."""
    state = files.read(files.directory(runner_directory(), str(run.id)) / files.STATE)
    return not run.status.is_finished or (not state.get("ended") and files.works_here(state))


def _original_of(run: PipelineRunResponse) -> str | None:
    """Return the execution whose record a run needs: a replay that has not completed may go on with it."""
    plan = None if run.status.is_successful else plan_of(run)
    return plan.original if plan is not None else None


def _described(run: PipelineRunResponse) -> PrunedExecution:
    return PrunedExecution(
        exec_id=str(run.id), flow_name=flow_name_of(run), status=STATUS[run.status], ended_at=utc(run.end_time)
    )
