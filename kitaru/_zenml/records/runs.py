"""Finding executions, their states, and the liveness of local runners."""

from __future__ import annotations

import json
import re
import socket
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from zenml.constants import PROJECTS, RUNS
from zenml.enums import ExecutionStatus as ZenMLStatus
from zenml.enums import RunWaitConditionStatus
from zenml.utils.dashboard_utils import get_cloud_dashboard_url, get_run_url, get_server_dashboard_url
from zenml.utils.pagination_utils import depaginate

from kitaru._core.process import files
from kitaru._core.process.lost import GONE, is_lost
from kitaru._core.process.places import START, runner_directory
from kitaru._core.process.processes import is_running
from kitaru._core.records.executions import ExecutionSummary
from kitaru._core.records.status import ExecutionStatus
from kitaru._core.settings.environment import host_enabled
from kitaru._host import client as hosts
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.records import hook_record, polling, records
from kitaru._zenml.records.stack_runners import ask_anew, lost_on_stack, start_again_on_stack
from kitaru._zenml.records.usage import recorded_total
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zenml.models import PipelineRunResponse

TAG = "kitaru"
STATUS: Mapping[ZenMLStatus, ExecutionStatus] = {
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
_PREFIX = re.compile(r"[0-9a-f]{1,8}(-[0-9a-f-]*)?")


def find_run(exec_id: str, *, hydrate: bool = True) -> PipelineRunResponse:
    """Return the run of an execution.

    Args:
        exec_id: Its id, or the beginning of one that fits no other execution.
        hydrate: Whether everything about it is read at once.

    Raises:
        KitaruUsageError: None fits, or several do; lists those.
        KitaruBackendError: The store did not answer.
    """
    client = open_client()
    text = exec_id.strip().lower() if isinstance(exec_id, str) else ""
    try:
        run_id = UUID(text)
    except ValueError:
        run_id = _by_prefix(exec_id, text)
    try:
        with translated(f"reading execution {exec_id}"):
            return client.zen_store.get_run(run_id, hydrate=hydrate)
    except KeyError as error:
        raise KitaruUsageError(
            f"There is no execution {exec_id} in ZenML's store. Was it started against another store or server? "
            f"`kitaru executions list` shows what is there, `zenml status` which store is in use."
        ) from error


def find_run_id(exec_id: str) -> str:
    """Return the full id of an existing execution; errors as :func:`find_run`."""
    return str(find_run(exec_id, hydrate=False).id)


def settled_run(exec_id: str, *, hydrate: bool = True) -> PipelineRunResponse:
    """Return the run of an execution; one whose local runner is gone is marked failed first.

    What is to be called as it has ended is called, where nobody else does it.
    """
    run = find_run(exec_id, hydrate=hydrate)
    if needs_no_runner(run):
        if hydrate:
            hook_record.see_to(run)
        return run
    lost = lost_runner(run)
    if lost is None or _is_left_to_host(run):
        return run
    with translated(f"marking execution {exec_id} failed"), exclusive():
        run = find_run(exec_id)
        ask_anew(run)
        # Nobody has started a new runner while the lock was waited for, nor is that to be done now.
        if not needs_no_runner(run) and lost_runner(run) is not None and not start_again_on_stack(run):
            records.mark_lost(run.id, lost)
            files.note_ended(files.directory(runner_directory(), str(run.id)))
            hook_record.see_to(find_run(exec_id))
    return find_run(str(run.id), hydrate=hydrate)


def _is_left_to_host(run: PipelineRunResponse) -> bool:
    """Whether a host will let an execution go on whose runner is gone."""
    directory = files.directory(runner_directory(), str(run.id))
    return is_lost(directory) and host_enabled() and hosts.is_possible() and hosts.looks_after(START)


def needs_no_runner(run: PipelineRunResponse) -> bool:
    """Whether a run has ended, or waits for an answer before it goes on."""
    return run.status.is_finished or run.status == ZenMLStatus.PAUSED


def read_status(exec_id: str) -> ExecutionStatus:
    """Return the present state of an execution; errors as :func:`find_run`."""
    at_work = polling.status_at_work(exec_id)
    if at_work is None:
        return status_of(settled_run(exec_id, hydrate=False))
    status, asks = at_work
    return ExecutionStatus.WAITING if asks else STATUS[status]


def status_of(run: PipelineRunResponse) -> ExecutionStatus:
    """Return the state of a run: one whose runner looks for an answer is waiting, too."""
    status = STATUS[run.status]
    if status is ExecutionStatus.RUNNING and run.status == ZenMLStatus.RUNNING and _asks(run.id):
        return ExecutionStatus.WAITING
    return status


def list_executions(
    *,
    flow: str | None,
    status: ExecutionStatus | None,
    stack: str | None,
    since: datetime | None,
    limit: int,
    tags: Sequence[str] = (),
    user: str | None = None,
) -> list[ExecutionSummary]:
    """Return executions, the latest first."""
    filters: dict[str, str] = {}
    if user is not None:
        filters["user"] = user
    if since is not None:
        filters["created"] = f"gte:{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if status is not None:
        # An execution that waits may have a runner; one that seems to run may have lost it.
        states = {name.value for name, own in STATUS.items() if own is status}
        states |= {ZenMLStatus.RUNNING.value} if status in (ExecutionStatus.WAITING, ExecutionStatus.FAILED) else set()
        filters["status"] = f"oneof:{json.dumps(sorted(states))}"
    executions: list[ExecutionSummary] = []
    with translated("listing executions"):
        client = open_client()
        page = 1
        while len(executions) < limit:
            runs = client.list_pipeline_runs(
                sort_by="desc:created",
                page=page,
                size=min(max(limit, 20), 200),
                pipeline_name=flow,
                stack=stack,
                tags=[TAG, *(f"equals:{tag}" for tag in tags)],
                hydrate=True,
                **filters,  # type: ignore[arg-type]
            )
            summaries = [summary_of(_settled(run)) for run in runs.items]
            executions += [summary for summary in summaries if status is None or summary.status is status]
            if page >= runs.total_pages:
                break
            page += 1
    return executions[:limit]


def _settled(run: PipelineRunResponse) -> PipelineRunResponse:
    """Return a run that has just been read, with all about it, as :func:`settled_run` does."""
    if not needs_no_runner(run):
        return settled_run(str(run.id))
    hook_record.see_to(run)
    return run


def summary_of(run: PipelineRunResponse) -> ExecutionSummary:
    """Return a run in a line."""
    return ExecutionSummary(
        exec_id=str(run.id),
        flow_name=flow_name_of(run),
        status=status_of(run),
        status_reason=run.get_body().status_reason,
        stack_name=run.stack.name if run.stack else None,
        started_at=utc(run.start_time),
        ended_at=utc(run.end_time),
        usage=recorded_total(run),
        name=run.name,
        tags=tuple(sorted({tag.name for tag in run.tags} - {TAG, flow_name_of(run)})),
        user=run.user.name if run.user else None,
    )


def flow_name_of(run: PipelineRunResponse) -> str:
    """Return the name of the flow that a run belongs to."""
    return run.pipeline.name if run.pipeline else run.name


def dashboard_url(exec_id: str) -> str | None:
    """Return the execution's page in ZenML's dashboard; None without a server."""
    return get_run_url(find_run(exec_id)) or None


def executions_url() -> str | None:
    """Return the page of ZenML's dashboard that lists executions; None without a server."""
    client = open_client()
    with translated("looking for the dashboard"):
        project, base = client.active_project, get_cloud_dashboard_url()
        if base is not None:
            return f"{base}{PROJECTS}/{project.id}{RUNS}"
        base = get_server_dashboard_url()
        return f"{base}{PROJECTS}/{project.name}{RUNS}" if base else None


def log_file(exec_id: str) -> Path | None:
    """Return the log of the execution's local runner on this host, where there is one."""
    path = files.directory(runner_directory(), exec_id) / files.LOG
    return path if path.exists() else None


def lost_runner(run: PipelineRunResponse) -> str | None:
    """Say how a local runner was lost; None where it lives, or where this host cannot tell."""
    known = files.read(files.directory(runner_directory(), str(run.id)) / files.STATE)
    if known:
        if known.get("host") != socket.gethostname():
            return None
        if known.get("lost"):
            return str(known["lost"])
        if any(is_running(process) for process in known.get("processes", [])):
            return None
        return GONE
    extra = records.extra_of(run)
    if extra.get("runner") in ("process", "thread", "inline") and extra.get("host") == socket.gethostname():
        submitter = extra.get("submitted_by")
        if submitter and not is_running(submitter):
            return "the process that submitted it ended before its runner was started"
    return lost_on_stack(run)


@contextmanager
def exclusive() -> Iterator[None]:
    """Let one process of this host at a time change who runs an execution, or whether it is lost."""
    directory = runner_directory()
    files.make_base(directory)
    with files.locked(directory):
        yield


def utc(moment: datetime | None) -> datetime | None:
    """Return a moment of ZenML's, which are in UTC and do not say so, as one that does."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _by_prefix(prefix: str, text: str) -> UUID:
    if not _PREFIX.fullmatch(text):
        raise KitaruUsageError(
            f"{prefix!r} is no execution id, nor the beginning of one. An id looks like "
            f"0a1b2c3d-0000-4000-8000-000000000000; `kitaru executions list` shows those that exist."
        )
    with translated(f"looking for execution {prefix}"):
        runs = list(depaginate(open_client().list_pipeline_runs, id=f"startswith:{text}", tags=[TAG], size=20))
    if not runs:
        raise KitaruUsageError(
            f"No execution's id begins with {prefix!r}. `kitaru executions list` shows those that exist."
        )
    if len(runs) > 1:
        shown = "\n".join(f"  {run.id}  {flow_name_of(run)}  {STATUS[run.status]}" for run in runs[:10])
        raise KitaruUsageError(
            f"{len(runs)} executions have an id that begins with {prefix!r}; give more of it:\n{shown}"
        )
    return runs[0].id


def _asks(run_id: UUID) -> bool:
    page = open_client().list_run_wait_conditions(
        pipeline_run=run_id, status=RunWaitConditionStatus.PENDING.value, size=1
    )
    return bool(page.items)
