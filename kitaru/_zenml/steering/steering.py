"""Changing the course of an execution: retry, resume, cancel, recover, delete."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from zenml.client import Client
from zenml.enums import ExecutionStatus as ZenMLStatus
from zenml.exceptions import IllegalOperationError
from zenml.models import PipelineRunUpdate
from zenml.orchestrators.publish_utils import publish_pipeline_run_status_update, publish_step_run_status_update
from zenml.utils.pagination_utils import depaginate

from kitaru._core.process import crash_points, files, surroundings
from kitaru._core.process.places import runner_directory
from kitaru._core.process.processes import is_running
from kitaru._core.records.status import ExecutionStatus
from kitaru._core.settings.environment import CANCEL_GRACE
from kitaru._zenml.door.private import bound_stack
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.hooks import calling
from kitaru._zenml.records import hook_record, records, waits
from kitaru._zenml.records.runs import TAG, exclusive, find_run, lost_runner, settled_run, status_of
from kitaru._zenml.records.stack_runners import stop_on_stack
from kitaru._zenml.stacks.stacks import stack_of
from kitaru.errors import KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from uuid import UUID

    from zenml.models import PipelineRunResponse

    from kitaru._core.records.executions import PendingWait

# Prepares a local runner for an execution, of which it gets the id, the job and the kind of runner, and returns what
# starts it; raises KitaruStateError where this process cannot.
Launch: TypeAlias = Callable[[str, dict[str, Any], str], Callable[[], None]]

# How long a local runner may take to end when it is asked to, beyond what its code has to clean up; in seconds.
_PATIENCE = 1.0
_CANCELLED = "on request"


def retry(exec_id: str, launch: Launch, *, renews: bool = False) -> str:
    """Let a failed execution go on from its last completed checkpoint; returns its full id.

    Args:
        exec_id: The execution.
        launch: Prepares a local runner.
        renews: Whether that has the surroundings of this process.

    Raises:
        KitaruStateError: It has not failed.
        KitaruUsageError: Its surroundings are those of a container.
    """
    run = settled_run(exec_id)
    status = status_of(run)
    if status is not ExecutionStatus.FAILED:
        hint = {
            ExecutionStatus.COMPLETED: "It has its result; start the flow again for another one.",
            ExecutionStatus.CANCELLED: "A cancelled execution stays cancelled; start the flow again.",
            ExecutionStatus.WAITING: f"Answer its question: kitaru executions input {run.id} --value ...",
        }.get(status, "Wait for its end, or cancel it.")
        raise KitaruStateError(f"Execution {run.id} is {status}; only a failed one can be retried. {hint}")
    if renews and records.extra_of(run).get("runner") == "stack":
        raise KitaruUsageError(
            f"Execution {run.id} runs on a stack, whose containers have the environment of their image, not that of this "
            f"process: retry it without `--env current` (env='current')."
        )
    with translated(f"retrying execution {run.id}"):
        _continue(run, launch)
    return str(run.id)


def resume(exec_id: str, launch: Launch) -> str:
    """Start the runner of an execution again whose question has been answered; returns its full id.

    Raises:
        KitaruStateError: It is not paused, or its question is still open.
    """
    run = settled_run(exec_id)
    if run.status != ZenMLStatus.PAUSED:
        status = status_of(run)
        hint = {
            ExecutionStatus.FAILED: f" Go on from its last completed checkpoint: kitaru executions retry {run.id}",
            ExecutionStatus.WAITING: f" Answer its question: kitaru executions input {run.id} --value ...",
        }.get(status, " Start the flow again for another result." if status.is_finished else " It goes on by itself.")
        raise KitaruStateError(f"Execution {run.id} is {status}; only a paused one can be resumed.{hint}")
    pending = waits.pending_wait(run.id)
    if pending is not None:
        raise KitaruStateError(
            f"Execution {run.id} waits for {pending.name!r}, which nobody has answered yet. Answering starts it again by "
            f"itself: kitaru executions input {run.id} --value ..."
        )
    with translated(f"resuming execution {run.id}"):
        _continue(run, launch)
    return str(run.id)


def answer(exec_id: str, name: str | None, value: Any, launch: Launch) -> PendingWait:
    """Answer an execution's question; one that has paused is started again."""
    run = settled_run(exec_id)
    with translated(f"answering execution {run.id}"):
        answered = waits.answer(run.id, name, value)
        crash_points.reach("answering")
        if find_run(str(run.id), hydrate=False).status == ZenMLStatus.PAUSED:
            _continue(find_run(str(run.id)), launch)
    return answered


def abort_wait(exec_id: str, name: str | None) -> PendingWait:
    """Abort an execution's question, which cancels the execution."""
    run = settled_run(exec_id)
    with translated(f"aborting the wait of execution {run.id}"):
        aborted = waits.abort(run.id, name)
        if run.status == ZenMLStatus.PAUSED:  # it has no runner that would tell its end
            _close(run.id, stopped=True)
    return aborted


def cancel(exec_id: str) -> str:
    """Stop an execution; returns its full id.

    A local one's processes have ended when this returns; on a stack, its orchestrator is asked to stop.

    Raises:
        KitaruStateError: It has finished.
    """
    run = settled_run(exec_id)
    if run.status.is_finished:
        raise KitaruStateError(f"Execution {run.id} is {status_of(run)} already; there is nothing to cancel.")
    stopped = True
    with translated(f"cancelling execution {run.id}"):
        if records.extra_of(run).get("runner") == "stack":
            stopped = _stop_on_stack(run)
        else:
            _set_status(run.id, ZenMLStatus.STOPPING)
            _stop_processes(str(run.id))
        _close(run.id, stopped=stopped)
    return str(run.id)


def recover(launch: Launch) -> list[str]:
    """Let executions go on whose local runner on this host was lost; returns their ids."""
    recovered = []
    with translated("looking for lost executions"):
        client = open_client()
        unfinished = [status.value for status in ZenMLStatus if not status.is_finished]
        statuses = json.dumps([*unfinished, ZenMLStatus.FAILED.value])
        runs = depaginate(client.list_pipeline_runs, tags=[TAG], status=f"oneof:{statuses}", size=100, hydrate=True)
        for run in runs:
            with contextlib.suppress(KitaruStateError):  # it went on in a notebook or REPL, which is not this process
                if _is_lost_here(run) and _continue(settled_run(str(run.id)), launch):
                    recovered.append(str(run.id))
    return recovered


def take_up(run_name: str, submission: str, launch: Launch) -> str | None:
    """Let an execution go on whose submission may have been cut off; returns its id, None where there is none.

    Args:
        run_name: The name of its run.
        submission: What tells it from another one that has the name already.
        launch: Starts its runner.
    """
    with translated(f"looking for the execution {run_name}"):
        runs = open_client().list_pipeline_runs(name=f"equals:{run_name}", tags=[TAG], size=1, hydrate=True).items
        for run in runs:
            if records.extra_of(run).get("submission") != submission:
                continue
            if _is_lost_here(run):
                _continue(settled_run(str(run.id)), launch)
            return str(run.id)
    return None


def never_started(run: PipelineRunResponse) -> bool:
    """Whether an execution has no runner and never had one, as its submission was cut off."""
    return _has_not_begun(settled_run(str(run.id)))


def _has_not_begun(run: PipelineRunResponse) -> bool:
    if run.status != ZenMLStatus.FAILED or records.attempts_of(run):
        return False
    failure = records.failure_of(run)
    extra = records.extra_of(run)
    is_ours = extra.get("runner") == "stack" or extra.get("host") == socket.gethostname()
    return is_ours and failure is not None and failure.origin == "runner"


def start_unstarted(exec_id: str, launch: Launch) -> None:
    """Start the runner of an execution that never had one; does nothing where another process has been faster."""
    with translated(f"starting execution {exec_id}"):
        _continue(find_run(exec_id), launch, only_if=_has_not_begun)


def delete(exec_id: str) -> str:
    """Delete the record of a finished execution, and its runner's files; returns its full id.

    Raises:
        KitaruStateError: It has not finished.
    """
    run = settled_run(exec_id)
    with translated(f"deleting execution {run.id}"), exclusive():  # somebody may let it go on at this moment
        run = find_run(str(run.id))
        if not run.status.is_finished:
            raise KitaruStateError(
                f"Execution {run.id} is {status_of(run)}; cancel it before it is deleted: kitaru executions cancel {run.id}."
            )
        Client().delete_pipeline_run(run.id)
        shutil.rmtree(files.directory(runner_directory(), str(run.id)), ignore_errors=True)
    return str(run.id)


def _continue(
    run: PipelineRunResponse, launch: Launch, *, only_if: Callable[[PipelineRunResponse], bool] = lambda _: True
) -> bool:
    """Start a runner for a run that has one no more, and return whether nobody else was faster.

    Args:
        run: The run.
        launch: Prepares a local runner.
        only_if: Tells of the run as it then is whether that is still wanted.
    """
    extra = records.extra_of(run)
    exec_id = str(run.id)
    if "runner" not in extra:
        raise KitaruStateError(f"Run {exec_id} was not started by Kitaru, which therefore cannot start it again.")
    with exclusive():
        fresh = find_run(exec_id)
        if fresh.status not in (ZenMLStatus.FAILED, ZenMLStatus.PAUSED) or not only_if(fresh):
            return False
        runner = extra["runner"]
        start = partial(_continue_on_stack, fresh) if runner == "stack" else launch(exec_id, dict(extra["job"]), runner)
        _set_status(run.id, ZenMLStatus.RESUMING)
        if not fresh.orchestrator_run_id:  # it never started, and ZenML gives a run this id only before it does
            _set_status(run.id, ZenMLStatus.INITIALIZING)
        if fresh.status == ZenMLStatus.FAILED:
            records.begin_cycle(run.id)
            records.forget_failure(run.id)
        crash_points.reach("retrying")
        start()
        return True


def _continue_on_stack(run: PipelineRunResponse) -> None:
    snapshot = run.snapshot
    assert snapshot is not None
    assert snapshot.stack is not None
    stack = stack_of(snapshot.stack)
    with bound_stack(snapshot.stack):
        stack.prepare_pipeline_submission(snapshot=snapshot)
        stack.orchestrator.resume_run(snapshot=snapshot, run=run, stack=stack, force_async=True)


def _stop_processes(exec_id: str) -> None:
    """End a local runner: ask its supervisor, which asks the worker; kill what is left after a while."""
    directory = files.directory(runner_directory(), exec_id)
    state = files.read(directory / files.STATE)
    processes = [process for process in state.get("processes", []) if is_running(process)]
    if state.get("host") != socket.gethostname() or not processes or processes[0]["pid"] == os.getpid():
        return  # it runs elsewhere, or in a thread of this process: the next checkpoint finds it cancelled
    files.write(directory / files.STOP, {"reason": _CANCELLED, "cancelled": True})
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process["pid"], signal.SIGTERM)
    grace = files.read(directory / files.JOB).get("grace", CANCEL_GRACE)
    deadline = time.monotonic() + grace + _PATIENCE
    while time.monotonic() < deadline and any(is_running(process) for process in processes):
        time.sleep(0.05)
    for process in files.read(directory / files.STATE).get("processes", processes):
        if is_running(process):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process["pid"], signal.SIGKILL)


def _stop_on_stack(run: PipelineRunResponse) -> bool:
    """Ask a stack to stop an execution, and return whether it has ended."""
    if run.status == ZenMLStatus.PAUSED or run.stack is None:
        return True
    _set_status(run.id, ZenMLStatus.STOPPING)
    if stop_on_stack(run):
        return True
    stack_of(run.stack).orchestrator.stop_run(run=run, graceful=True)
    return False


def _close(run_id: UUID, *, stopped: bool) -> None:
    for step in records.open_steps(run_id) if stopped else ():
        with contextlib.suppress(IllegalOperationError):  # it has ended just now
            publish_step_run_status_update(step.id, ZenMLStatus.STOPPED)
    for attempt in records.attempts_of(Client().get_pipeline_run(run_id)):
        if attempt.ended_at is None:
            records.end_attempt(run_id, attempt, "cancelled", None)
    if stopped:
        _set_status(run_id, ZenMLStatus.STOPPED)
    run = Client().get_pipeline_run(run_id)
    if not hook_record.has_hooks(run):
        surroundings.forget(str(run_id))
    elif not calling.call_here(str(run_id)):
        hook_record.see_to(run)  # which has them called in the surroundings that it was started in


def _set_status(run_id: UUID, status: ZenMLStatus) -> None:
    if status in (ZenMLStatus.RESUMING, ZenMLStatus.INITIALIZING):
        Client().zen_store.update_run(run_id=run_id, run_update=PipelineRunUpdate(status=status))
    elif Client().zen_store.get_run(run_id, hydrate=False).status != status:
        publish_pipeline_run_status_update(run_id, status, status_reason=_CANCELLED)


def _is_lost_here(run: PipelineRunResponse) -> bool:
    extra = records.extra_of(run)
    if extra.get("runner") not in ("process", "thread", "inline") or extra.get("host") != socket.gethostname():
        return False
    if run.status == ZenMLStatus.FAILED:
        failure = records.failure_of(run)
        return failure is not None and failure.origin == "runner"
    if run.status == ZenMLStatus.PAUSED and waits.pending_wait(run.id) is not None:
        return False  # it has no runner because it needs none
    return lost_runner(run) is not None
