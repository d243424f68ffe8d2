"""Executions that were started for an order: found by the name of their run, which is made of the flow and the key."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.records import records
from kitaru._zenml.records.runs import status_of
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

    from kitaru._core.identity.submission_key import SubmissionKey


def find_keyed(key: SubmissionKey) -> PipelineRunResponse | None:
    """Return the run that was started for an order; None where there is none yet.

    Raises:
        KitaruUsageError: It is of another flow, or was given other arguments.
    """
    with translated(f"looking for the execution of idempotency_key {key.key!r}"):
        runs = open_client().list_pipeline_runs(name=f"equals:{key.run_name}", size=1, hydrate=True).items
    for run in runs:
        _refuse_others(run, key)
        return run
    return None


def _refuse_others(run: PipelineRunResponse, key: SubmissionKey) -> None:
    extra = records.extra_of(run)
    flow = extra.get("flow", "a pipeline of plain ZenML")
    what = f"idempotency_key {key.key!r} belongs to execution {run.id} ({status_of(run)})"
    if flow != key.flow:
        raise KitaruUsageError(
            f"{what} of another flow of the same name: {flow}, and this one is {key.flow}. Give another key, or rename one "
            f"of the flows."
        )
    differing = key.differing(records.order_of(run).get("inputs", {}))
    if differing:
        raise KitaruUsageError(
            f"{what}, which was started with other arguments: {', '.join(differing)} differ{'s' * (len(differing) == 1)}. "
            f"Give the same arguments to get that execution, or another key to start one. `kitaru executions get "
            f"{quote(str(run.id))}` shows what it was given."
        )
