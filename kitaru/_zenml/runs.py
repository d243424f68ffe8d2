"""Reading executions: ZenML's runs as Kitaru's models, and the liveness of local runners."""

from __future__ import annotations

import fcntl
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from zenml.enums import ExecutionStatus as ZenMLStatus
from zenml.utils.dashboard_utils import get_run_url

from kitaru._core.modules import alias_main
from kitaru._core.status import ExecutionStatus
from kitaru._runner import files
from kitaru._runner.process import is_running
from kitaru._zenml import records
from kitaru._zenml.failures import Failure
from kitaru._zenml.inputs import ARTIFACT_KEY
from kitaru._zenml.store import open_client, runner_directory, translated
from kitaru.errors import (
    KitaruBackendError,
    KitaruDivergenceError,
    KitaruError,
    KitaruExecutionError,
    KitaruRunnerLostError,
    KitaruStateError,
    KitaruUsageError,
    KitaruUserCodeError,
)
from kitaru.models import Attempt, CheckpointExecution, Execution, ExecutionFailure, SettingValue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zenml.models import PipelineRunResponse, StepRunResponse

    from kitaru.models import CheckpointStatus

_STATUS: Mapping[ZenMLStatus, ExecutionStatus] = {
    ZenMLStatus.INITIALIZING: ExecutionStatus.PENDING,
    ZenMLStatus.PROVISIONING: ExecutionStatus.PENDING,
    ZenMLStatus.QUEUED: ExecutionStatus.PENDING,
    ZenMLStatus.RUNNING: ExecutionStatus.RUNNING,
    ZenMLStatus.RETRYING: ExecutionStatus.RUNNING,
    ZenMLStatus.RESUMING: ExecutionStatus.RUNNING,
    ZenMLStatus.STOPPING: ExecutionStatus.RUNNING,
    ZenMLStatus.CANCELLING: ExecutionStatus.RUNNING,
    ZenMLStatus.PAUSED: ExecutionStatus.WAITING,
    ZenMLStatus.COMPLETED: ExecutionStatus.COMPLETED,
    ZenMLStatus.CACHED: ExecutionStatus.COMPLETED,
    ZenMLStatus.SKIPPED: ExecutionStatus.COMPLETED,
    ZenMLStatus.FAILED: ExecutionStatus.FAILED,
    ZenMLStatus.RETRIED: ExecutionStatus.FAILED,
    ZenMLStatus.STOPPED: ExecutionStatus.CANCELLED,
    ZenMLStatus.CANCELLED: ExecutionStatus.CANCELLED,
}
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


def read_status(exec_id: str) -> ExecutionStatus:
    """Return the present state of an execution; one whose local runner is gone is marked failed first.

    Raises:
        KitaruUsageError: There is no execution of this id.
        KitaruBackendError: The store did not answer.
    """
    return _STATUS[_settled_run(exec_id, hydrate=False).status]


def read_execution(exec_id: str) -> Execution:
    """Return an execution with its attempts and checkpoints; errors as :func:`read_status`."""
    run = _settled_run(exec_id, hydrate=True)
    with translated(f"reading execution {exec_id}"):
        steps = records.latest_steps(run.id).values()
        about = records.about(run)
        failure = records.failure_of(run)
        return Execution(
            exec_id=str(run.id),
            flow_name=run.pipeline.name if run.pipeline else run.name,
            status=_STATUS[run.status],
            status_reason=run.get_body().status_reason,
            stack_name=run.stack.name if run.stack else None,
            started_at=_utc(run.start_time),
            ended_at=_utc(run.end_time),
            settings={path: SettingValue(**value) for path, value in about.get("settings", {}).items()},
            inputs={name: _shown_input(value) for name, value in (run.config.parameters or {}).items()},
            failure=ExecutionFailure(**failure.to_json()) if failure and _is_failed(run) else None,
            attempts=tuple(Attempt(**attempt.to_json()) for attempt in records.attempts_of(run)),
            checkpoints=tuple(_checkpoint(step) for step in sorted(steps, key=_start_order)),
            dashboard_url=get_run_url(run) or None,
        )


def read_result(exec_id: str) -> Any:
    """Return the value of a completed execution.

    Raises:
        KitaruStateError: It has not finished.
        KitaruExecutionError: It failed or was cancelled; the exception says why.
        KitaruBackendError: The value cannot be loaded.
    """
    run = _settled_run(exec_id, hydrate=True)
    status = _STATUS[run.status]
    if not status.is_finished:
        raise KitaruStateError(
            f"Execution {exec_id} is {status}, it has no result yet. Call wait() to wait for it, or look at .status."
        )
    if not status.is_successful:
        raise _failure_error(run, status)
    outputs = list(run.outputs.values())
    if not outputs:
        return None
    alias_main()
    try:
        with translated(f"loading the result of execution {exec_id}"):
            return outputs[0].load()
    except KitaruError:
        raise
    except Exception as error:
        raise KitaruBackendError(
            f"The result of execution {exec_id} cannot be loaded here ({type(error).__name__}: {error}). Loading needs "
            f"the modules that define its classes: start Python where the flow was started."
        ) from error


def find_run_id(exec_id: str) -> str:
    """Return the full id of an existing execution, or raise KitaruUsageError."""
    return str(_run(exec_id, hydrate=False).id)


def dashboard_url(exec_id: str) -> str | None:
    """Return the execution's page in ZenML's dashboard; None without a server."""
    run = _run(exec_id, hydrate=True)
    return get_run_url(run) or None


def log_file(exec_id: str) -> Path | None:
    """Return the log of the execution's local runner on this host, where there is one."""
    path = files.directory(runner_directory(), exec_id) / files.LOG
    return path if path.exists() else None


def _run(exec_id: str, *, hydrate: bool) -> PipelineRunResponse:
    client = open_client()
    try:
        run_id = UUID(exec_id)
    except (ValueError, AttributeError, TypeError) as error:
        raise KitaruUsageError(
            f"{exec_id!r} is no execution id; an id looks like 0a1b2c3d-0000-4000-8000-000000000000, as handle.exec_id."
        ) from error
    try:
        with translated(f"reading execution {exec_id}"):
            return client.zen_store.get_run(run_id, hydrate=hydrate)
    except KeyError as error:
        raise KitaruUsageError(
            f"There is no execution {exec_id} in ZenML's store. Was it started against another store or server? "
            f"`zenml status` tells which one is in use."
        ) from error


def _settled_run(exec_id: str, *, hydrate: bool) -> PipelineRunResponse:
    run = _run(exec_id, hydrate=hydrate)
    if run.status.is_finished or run.status == ZenMLStatus.PAUSED:
        return run
    lost = _lost_runner(run)
    if lost is None:
        return run
    with translated(f"marking execution {exec_id} failed"), _marking(str(run.id)):
        records.mark_lost(run.id, lost)
    return _run(exec_id, hydrate=hydrate)


def _lost_runner(run: PipelineRunResponse) -> str | None:
    """Say how a local runner was lost; None where it lives, or where this host cannot tell."""
    directory = files.directory(runner_directory(), str(run.id))
    known = files.read(directory / files.STATE)
    if known:
        if known.get("host") != socket.gethostname():
            return None
        if known.get("lost"):
            return str(known["lost"])
        if any(is_running(process) for process in known.get("processes", [])):
            return None
        return "its runner's processes are gone: killed, or the machine was restarted"
    about = records.about(run.get_hydrated_version() if run.metadata is None else run)
    if about.get("runner") in ("process", "thread", "inline") and about.get("host") == socket.gethostname():
        submitter = about.get("submitted_by")
        if submitter and not is_running(submitter):
            return "the process that submitted it ended before its runner was started"
    return None


class _marking:  # noqa: N801 - used like a function
    """Let one reader at a time mark an execution lost."""

    def __init__(self, exec_id: str) -> None:
        self._path = runner_directory() / f"{exec_id}.lock"

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


def _failure_error(run: PipelineRunResponse, status: ExecutionStatus) -> KitaruExecutionError:
    exec_id = str(run.id)
    reason = run.get_body().status_reason
    failure = records.failure_of(run)
    if status is ExecutionStatus.CANCELLED:
        return KitaruExecutionError(
            f"Execution {exec_id} was cancelled{f': {reason}' if reason else ''}.",
            exec_id=exec_id,
            status=status,
            failure_origin="cancelled",
        )
    info = run.exception_info
    if failure is None:
        failure = Failure("flow", (info.message if info else None) or reason or "no reason was recorded")
    recovery = f"kitaru executions retry {exec_id}"
    kinds: dict[str, type[KitaruExecutionError]] = {
        "runner": KitaruRunnerLostError,
        "divergence": KitaruDivergenceError,
    }
    kind = kinds.get(failure.origin, KitaruUserCodeError)
    return kind(
        f"Execution {exec_id} failed: {failure.summary}",
        exec_id=exec_id,
        status=status,
        failure_origin=failure.origin,
        checkpoint=failure.checkpoint,
        exception_type=failure.type,
        exception_message=failure.message,
        traceback=failure.traceback or (info.traceback if info else None),
        recovery=recovery,
    )


def _checkpoint(step: StepRunResponse) -> CheckpointExecution:
    return CheckpointExecution(
        name=step.name,
        checkpoint=step.config.name,
        status=_CHECKPOINT_STATUS.get(step.status, "running"),
        started_at=_utc(step.start_time),
        ended_at=_utc(step.end_time),
        tries=step.version,
        parents=tuple(sorted(step.spec.upstream_steps)),
    )


def _start_order(step: StepRunResponse) -> tuple[datetime, str]:
    return (_utc(step.start_time) or datetime.max.replace(tzinfo=UTC), step.name)


def _shown_input(value: Any) -> Any:
    if isinstance(value, dict) and ARTIFACT_KEY in value:
        return value.get("value", f"<{value['type']}>")
    return value


def _is_failed(run: PipelineRunResponse) -> bool:
    return _STATUS[run.status] is ExecutionStatus.FAILED


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
