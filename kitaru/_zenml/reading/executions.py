"""Executions in full: ZenML's runs as Kitaru's models, their results, and why they failed."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from zenml.enums import ExecutionStatus as ZenMLStatus
from zenml.utils.dashboard_utils import get_run_url

from kitaru._core.drawing.execution import Execution
from kitaru._core.records.executions import (
    Artifact,
    Attempt,
    CheckpointAttempt,
    CheckpointExecution,
    ExecutionFailure,
    SettingValue,
)
from kitaru._core.records.status import ExecutionStatus
from kitaru._zenml.door.store import translated
from kitaru._zenml.reading.artifacts import artifacts_of, load_value
from kitaru._zenml.records import records, waits
from kitaru._zenml.records.failures import Failure
from kitaru._zenml.records.original import part_of, plan_of
from kitaru._zenml.records.runs import list_executions, settled_run, status_of, summary_of, utc
from kitaru._zenml.records.step_list import list_steps
from kitaru._zenml.records.tracking import OWN_PREFIX, PROGRESS_KEY
from kitaru._zenml.records.usage import total_of, usage_of
from kitaru._zenml.running.inputs import ARTIFACT_KEY
from kitaru._zenml.running.outcomes import OTHER_INPUTS_KEY
from kitaru._zenml.running.retrying import due_of
from kitaru.errors import (
    KitaruDivergenceError,
    KitaruExecutionError,
    KitaruRunnerLostError,
    KitaruStateError,
    KitaruUserCodeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.models import PipelineRunResponse, StepRunResponse

    from kitaru._core.records.executions import CheckpointStatus, PendingWait, Usage
    from kitaru._zenml.records.original import Part

_CHECKPOINT_STATUS: Mapping[ZenMLStatus, CheckpointStatus] = {
    ZenMLStatus.INITIALIZING: "pending",
    ZenMLStatus.PROVISIONING: "pending",
    ZenMLStatus.QUEUED: "pending",
    ZenMLStatus.COMPLETED: "completed",
    ZenMLStatus.CACHED: "cached",
    ZenMLStatus.SKIPPED: "skipped",
    ZenMLStatus.FAILED: "failed",
    ZenMLStatus.RETRIED: "failed",
    ZenMLStatus.STOPPED: "cancelled",
    ZenMLStatus.CANCELLED: "cancelled",
}


def read_execution(exec_id: str) -> Execution:
    """Return an execution with everything about it.

    Raises:
        KitaruUsageError: There is no such execution.
        KitaruBackendError: The store did not answer.
    """
    run = settled_run(exec_id)
    with translated(f"reading execution {exec_id}"):
        starts = _starts(run.id)
        latest = sorted((steps[-1] for steps in starts.values()), key=_start_order)
        summary = summary_of(run)
        failure = records.failure_of(run) if summary.status is ExecutionStatus.FAILED else None
        original = run.original_run
        plan = plan_of(run)
        return Execution(
            **summary.model_dump(exclude={"usage"}),
            usage=total_of(step for steps in starts.values() for step in steps),
            settings={path: SettingValue(**value) for path, value in records.extra_of(run).get("settings", {}).items()},
            inputs={name: _shown_input(value) for name, value in (run.config.parameters or {}).items()},
            failure=ExecutionFailure(**failure.to_json()) if failure else None,
            attempts=tuple(Attempt(**attempt.to_json()) for attempt in records.attempts_of(run)),
            checkpoints=tuple(
                describe_call(starts[step.name], part_of(plan, step.name), summary.status) for step in latest
            ),
            artifacts=artifacts_of(run, latest),
            metadata=_own_metadata(run.run_metadata),
            pending_wait=waits.pending_wait(run.id) if summary.status is ExecutionStatus.WAITING else None,
            waits=tuple(waits.list_waits(run.id)),
            changed_code=records.changed_of(run),
            original_exec_id=str(original.id) if original else plan.original if plan else None,
            dashboard_url=get_run_url(run) or None,
            idempotency_key=records.order_of(run).get("key"),
        )


def read_artifacts(exec_id: str) -> list[Artifact]:
    """Return the stored values of an execution; errors as :func:`read_execution`."""
    run = settled_run(exec_id)
    with translated(f"reading the artifacts of execution {exec_id}"):
        steps = sorted(records.latest_steps(run.id, hydrate=True).values(), key=_start_order)
        return list(artifacts_of(run, steps))


def read_pending_waits(exec_id: str | None) -> dict[str, PendingWait]:
    """Return the open questions of one execution, or of all, by execution id."""
    if exec_id is not None:
        ids = [str(settled_run(exec_id, hydrate=False).id)]
    else:
        waiting = list_executions(flow=None, status=ExecutionStatus.WAITING, stack=None, since=None, limit=1000)
        ids = [summary.exec_id for summary in waiting]
    with translated("reading open questions"):
        pending = {known: waits.pending_wait(UUID(known)) for known in ids}
    return {known: wait for known, wait in pending.items() if wait is not None}


def read_waits(exec_id: str) -> dict[str, PendingWait]:
    """Return all questions of an execution by name, the first one first."""
    run = settled_run(exec_id, hydrate=False)
    with translated(f"reading the questions of execution {exec_id}"):
        return {wait.name: wait for wait in waits.all_waits(run.id)}


def read_result(exec_id: str) -> Any:
    """Return the value of a completed execution.

    Raises:
        KitaruStateError: It has not finished.
        KitaruExecutionError: It failed or was cancelled; the exception says why.
        KitaruBackendError: The value cannot be loaded.
    """
    run = settled_run(exec_id)
    status = status_of(run)
    if not status.is_finished:
        raise KitaruStateError(
            f"Execution {run.id} is {status}, it has no result yet. Call wait() to wait for it, or look at .status."
        )
    if not status.is_successful:
        raise _failure_error(run, status)
    artifact_id = records.result_of(run)
    return load_value(artifact_id) if artifact_id is not None else None


def _failure_error(run: PipelineRunResponse, status: ExecutionStatus) -> KitaruExecutionError:
    exec_id = str(run.id)
    reason = run.get_body().status_reason
    if status is ExecutionStatus.CANCELLED:
        return KitaruExecutionError(
            f"Execution {exec_id} was cancelled{f' ({reason})' if reason else ''}. Start the flow again for a new one.",
            exec_id=exec_id,
            status=status,
            failure_origin="cancelled",
        )
    info = run.exception_info
    failure = records.failure_of(run)
    if failure is None:
        failure = Failure("flow", (info.message if info else None) or reason or "no reason was recorded")
    recovery = f"kitaru executions retry {exec_id}"
    kinds: dict[str, type[KitaruExecutionError]] = {
        "runner": KitaruRunnerLostError,
        "divergence": KitaruDivergenceError,
    }
    lacked = f"\n{failure.surroundings}" if failure.surroundings else ""
    error = kinds.get(failure.origin, KitaruUserCodeError)(
        f"Execution {exec_id} failed: {failure.summary}{lacked}\nWhen the cause is mended, go on from the last completed "
        f"checkpoint: {recovery}",
        exec_id=exec_id,
        status=status,
        failure_origin=failure.origin,
        checkpoint=failure.checkpoint,
        exception_type=failure.type,
        exception_message=failure.message,
        traceback=failure.traceback or (info.traceback if info else None),
        recovery=recovery,
    )
    if failure.traceback:  # shown where nobody catches the error, below a traceback that leads to wait() only
        error.add_note(f"Where it failed:\n{textwrap.indent(failure.traceback.rstrip(), '  ')}")
    return error


def _starts(run_id: UUID) -> dict[str, list[StepRunResponse]]:
    """Return the step runs of a run by name, each name's in the order of their starts."""
    starts: dict[str, list[StepRunResponse]] = defaultdict(list)
    for step in list_steps(run_id, hydrate=True):
        starts[step.name].append(step)
    for steps in starts.values():
        steps.sort(key=lambda step: step.version)
    return starts


def describe_call(
    steps: list[StepRunResponse], part: Part | None = None, execution: ExecutionStatus = ExecutionStatus.RUNNING
) -> CheckpointExecution:
    """Return a call of a checkpoint.

    Args:
        steps: Its starts, the first one first.
        part: What it is in a replay.
        execution: How its execution stands.
    """
    step = steps[-1]
    parents = set(step.spec.upstream_steps)
    is_between = due_of(step) is not None and step.status in (ZenMLStatus.FAILED, ZenMLStatus.RETRYING)
    return CheckpointExecution(
        name=step.name,
        checkpoint=step.config.name,
        type=records.extra_of(step).get("type"),
        status=_status_between(execution) if is_between else step_status(step),
        started_at=utc(step.start_time),
        ended_at=None if is_between and not execution.is_finished else utc(step.end_time),
        attempts=tuple(_attempt(start) for start in steps),
        parents=tuple(sorted(parents)),
        after=tuple(sorted(parents - records.producers_of(step))),
        metadata=_own_metadata(step.run_metadata),
        progress=progress_of(step.run_metadata.get(PROGRESS_KEY)),
        replay=part,
        usage=_usage(steps),
        changed_inputs=_changed_inputs(step),
    )


def _status_between(execution: ExecutionStatus) -> CheckpointStatus:
    """Return the state of a call that has failed, and waits for its next attempt as long as its execution goes on."""
    if not execution.is_finished:
        return "running"
    return "cancelled" if execution is ExecutionStatus.CANCELLED else "failed"


def _changed_inputs(step: StepRunResponse) -> tuple[str, ...]:
    other = step.run_metadata.get(OTHER_INPUTS_KEY)
    return tuple(map(str, other)) if isinstance(other, list) else ()


def _usage(steps: list[StepRunResponse]) -> Usage | None:
    """Return what a call has used over all its starts."""
    used = [usage for step in steps if (usage := usage_of(step)) is not None]
    return sum(used[1:], used[0]) if used else None


def _attempt(step: StepRunResponse) -> CheckpointAttempt:
    error = step.exception_info
    return CheckpointAttempt(
        number=step.version,
        status=step_status(step),
        started_at=utc(step.start_time),
        ended_at=utc(step.end_time),
        error=(error.message or error.traceback.strip().splitlines()[-1:][0]) if error and error.traceback else None,
        next_at=due_of(step),
    )


def step_status(step: StepRunResponse) -> CheckpointStatus:
    """Return the state of a call."""
    return _CHECKPOINT_STATUS.get(step.status, "running")


def _start_order(step: StepRunResponse) -> tuple[datetime, str]:
    return (utc(step.start_time) or datetime.max.replace(tzinfo=UTC), step.name)


def _own_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if not name.startswith(OWN_PREFIX)}


def progress_of(progress: object) -> str | None:
    """Return what was said of progress in a line; None where nothing was."""
    if not isinstance(progress, dict):
        return None
    fraction = progress.get("fraction")
    return f"{progress.get('message')}{f' ({fraction:.0%})' if fraction is not None else ''}"


def _shown_input(value: Any) -> Any:
    if isinstance(value, dict) and ARTIFACT_KEY in value:
        return value.get("value", f"<{value['type']}>")
    return value
