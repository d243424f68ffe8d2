"""Running a flow's body inside ZenML's dynamic runner: attempts, their record, and the result."""

from __future__ import annotations

import asyncio
import copy
import inspect
import threading
from concurrent.futures import wait as wait_for
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from zenml.artifacts.in_memory_cache import InMemoryArtifactCache
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.execution.pipeline.dynamic.run_context import DynamicPipelineRunContext
from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner, RunPaused
from zenml.execution.pipeline.utils import prevent_pipeline_execution

from kitaru._core.code import scope
from kitaru._core.code.body_clock import BodyClock
from kitaru._core.code.event_loop import BodyLoop
from kitaru._core.code.signatures import call
from kitaru._core.code.stored_retry import RETRY_KEY, loaded
from kitaru._core.identity import lanes
from kitaru._core.policies.retry import decide, policy_of
from kitaru._core.process import crash_points, files, surroundings
from kitaru._core.process.endings import before_pools_close
from kitaru._core.process.event import Event, Kind
from kitaru._core.settings.environment import cancel_grace, shortcuts_enabled
from kitaru._core.settings.unset import UNSET
from kitaru._core.words.exception_text import text_of
from kitaru._zenml import hear_prints, private_names
from kitaru._zenml.door.installed import materializer_of, package_of
from kitaru._zenml.door.private import (
    bound_stack,
    describe_exceptions_by,
    find_cached_steps_by,
    find_materializers_by,
    find_packages_by,
    give_orchestrator_run_id,
    label_logs_by,
    load_inputs_by,
    resolve_inputs_by,
)
from kitaru._zenml.door.store import open_client
from kitaru._zenml.records import hook_record, records, usage
from kitaru._zenml.records.events import tell, warn
from kitaru._zenml.records.failures import Failure, describe_failure
from kitaru._zenml.records.original import Original, plan_of
from kitaru._zenml.records.runs import exclusive
from kitaru._zenml.records.step_runs import keep_step_runs
from kitaru._zenml.running import container, foreign_paths, in_process
from kitaru._zenml.running.body import Abandoned, Body
from kitaru._zenml.running.body_record import Record
from kitaru._zenml.running.cache_lookup import find_cached_step
from kitaru._zenml.running.exception_info import describe_exception, log_any_exception, with_text
from kitaru._zenml.running.flow_loading import import_module
from kitaru._zenml.running.inputs import ARTIFACT_KEY
from kitaru._zenml.running.limits import place_of_flow
from kitaru._zenml.running.log_labels import labels_of
from kitaru._zenml.running.log_threads import give_threads_logs
from kitaru._zenml.running.plain_steps import take_over
from kitaru._zenml.running.prints import finish_line, take_streams
from kitaru._zenml.running.question import PauseRequested, WaitAborted
from kitaru._zenml.running.question_record import QuestionRecord
from kitaru._zenml.running.retrying import due_in, in_words, wait_until
from kitaru._zenml.running.saved_inputs import resolve_inputs
from kitaru._zenml.running.started import Started, let_go, wait_until_recorded
from kitaru._zenml.running.time_limits import BODY_TIMEOUT_KEY
from kitaru._zenml.stacks.stacks import load_stack
from kitaru._zenml.values.memory import held_by_caller
from kitaru._zenml.writing.server_logs import replace_requests
from kitaru._zenml.writing.store_methods import replace_store_methods
from kitaru.errors import KitaruError, KitaruTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from zenml.models import ArtifactVersionResponse, PipelineRunResponse

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.policies.retry import Retry
    from kitaru._workers.workers import Workers
    from kitaru._zenml.records.records import AttemptRecord
    from kitaru._zenml.running.hooks import Hooks

private_names.check_for_running()

# How the runner before this one was lost, for the record of its attempt; set once, when this process starts.
_lost: list[str] = []
# The executions whose bodies have completed in this process.
_completed: set[str] = set()


def run_execution(exec_id: str, lost: str | None = None) -> None:
    """Run, or go on with, an execution of a stack whose orchestrator lives in the client process.

    Whatever the flow does ends up in the store; this raises only where the store itself fails.

    Args:
        exec_id: The execution.
        lost: How its runner before this one was lost, if it had one.
    """
    if lost is not None:
        _lost.append(lost)
    client = open_client()
    run = client.get_pipeline_run(exec_id)
    snapshot = run.snapshot
    assert snapshot is not None
    assert snapshot.stack is not None
    with bound_stack(snapshot.stack), prevent_pipeline_execution():
        stack = load_stack(snapshot.stack)
        give_orchestrator_run_id(stack.orchestrator)
        runner = DynamicPipelineRunner(
            snapshot=client.get_snapshot(snapshot.id), run=run, orchestrator=stack.orchestrator
        )
        try:
            with place_of_flow(run):
                runner.run_pipeline()
            if exec_id in _completed:
                _completed.remove(exec_id)
                _forget_surroundings(run)
        except BaseException as error:  # whatever it is, a reader of the execution has to find it
            # As this runner has left it: whoever has seen that may have retried it, and then another runner has it now.
            has_ended = runner.run.status.is_finished
            if not has_ended:
                files.give_up(describe_failure(error, None).summary)
            crash_points.reach("worker, failed")
            with exclusive():
                status = client.get_pipeline_run(exec_id).status
                if not has_ended or status.is_finished:
                    records.ensure_failed(exec_id, error, origin="runner")
            if status == ExecutionStatus.STOPPED:
                _forget_surroundings(run)
            if isinstance(error, KeyboardInterrupt) and files.own_directory() is None:
                raise  # Ctrl-C at a flow that runs inline is for the program around it as well


def _forget_surroundings(run: PipelineRunResponse) -> None:
    """Keep nothing any more of what an execution was started in that never goes on; its hooks may need it still."""
    if not hook_record.has_hooks(run):
        surroundings.forget(str(run.id))


def run_flow(flow: FlowDefinition[..., Any], inputs: dict[str, Any], hooks: Hooks) -> ArtifactVersionResponse | None:
    """Run a flow's body until it succeeds or its attempts are used up; called by ZenML's runner.

    Args:
        flow: The flow.
        inputs: Recorded inputs by recorded name.
        hooks: Calls what the flow and its checkpoints name for their events.

    Returns:
        The artifact that holds the result; None for a result of None.
    """
    context = DynamicPipelineRunContext.get()
    assert context is not None
    run_id = context.run.id
    extra = records.extra_of(context.run)
    _prepare_process(in_container=extra["runner"] == "stack")
    keep_step_runs(context.run)
    retry = _policy(extra)
    plan = plan_of(context.run)
    original = Original(context.run, plan) if plan is not None else None
    if extra["runner"] == "stack":
        if hook_record.has_hooks(context.run):
            before_pools_close(partial(hooks.ended, str(run_id)))
        container.enter(run_id, retry.times)
    with BodyLoop() as loop, closing(in_process.workers_of(str(run_id))) as workers:
        result = _run_attempts(_Job(flow, inputs, context.runner, original, loop, hooks, workers, retry))
    _completed.add(str(run_id))
    return result


def _policy(extra: dict[str, Any]) -> Retry:
    """Return when the execution is tried again, as it was stored when it was started."""
    if RETRY_KEY not in extra:  # of an earlier Kitaru
        return policy_of(records.retries_of(extra))
    return loaded(extra[RETRY_KEY], import_module)


@dataclass(frozen=True)
class _Job:
    """What the attempts that this process makes have in common."""

    flow: FlowDefinition[..., Any]
    inputs: dict[str, Any]
    runner: DynamicPipelineRunner
    original: Original | None
    loop: BodyLoop
    hooks: Hooks
    workers: Workers
    retry: Retry
    # Calls that the last body has started and not waited for, and that still run.
    going_on: list[Started] = field(default_factory=list)

    def clock_of(self, body: Body, stuck: Callable[[Body], None]) -> BodyClock:
        """Return what ends a body whose time is over.

        Args:
            body: The body.
            stuck: Called with it where it does not end then.
        """
        seconds = records.extra_of(self.runner.run).get(BODY_TIMEOUT_KEY)
        text = f"The body of flow {self.flow.name!r} has taken longer than its time limit of {seconds or 0:g} s."
        over = partial(body.run_out, KitaruTimeoutError(text))
        return BodyClock(seconds, cancel_grace(), over=over, stuck=partial(stuck, body))

    def let_go(self) -> None:
        """End what still runs, as no further attempt follows in this process."""
        let_go(self.runner.run.id, self.going_on)
        self.going_on.clear()


def _run_attempts(job: _Job) -> ArtifactVersionResponse | None:
    run_id = job.runner.run.id
    due = records.next_due(job.runner.run)
    while True:
        if due is not None:
            _wait_for_next(run_id, due)
        with _kept_record():
            attempt = records.begin_attempt(run_id, _lost.pop() if _lost else None)
            used = attempt.number - records.first_of_cycle(run_id)
            files.note_attempt(attempt.number, last=used >= job.retry.times)
            since = records.first_since_failure(run_id, attempt)
        body, result = _run_attempt(
            job,
            attempt=attempt.number,
            since=since,
            out_of_time=partial(_end_by_force, job, attempt, used),
        )
        error = body.ended_by
        if isinstance(error, PauseRequested):
            with _kept_record():
                job.let_go()
                _note_course(run_id, body.record)
                records.pause_attempt(run_id, attempt)
            crash_points.reach("worker, pausing")
            raise RunPaused from None
        with _kept_record():
            _note_course(run_id, body.record)
            following = None if error is None else _end_failed(job, attempt, error, used)
            if error is None:
                _end_completed(job, attempt, body.record, result)
        # Outside: what the flow has raised is no failure of the record, for which this worker would be replaced.
        if error is None:
            crash_points.reach("worker, result")
            return result
        if following is None:
            raise with_text(error)
        due = following.due


@dataclass(frozen=True)
class _Following:
    """Another attempt follows; it is due at once where nothing is said."""

    due: datetime | None


def _wait_for_next(run_id: UUID, due: datetime) -> None:
    """Wait for the next attempt, as this runner has found, or one that was lost."""
    crash_points.reach("worker, delay")
    try:
        wait_until(due, run_id, threading.Event())
    except BaseException as error:
        if not records.is_stopping(run_id):
            reason = files.stop_requested()
            records.record_failure(run_id, Failure("runner", reason) if reason else describe_failure(error, None))
        raise


def _run_attempt(
    job: _Job, *, attempt: int, since: int, out_of_time: Callable[[Body], None]
) -> tuple[Body, ArtifactVersionResponse | None]:
    """Run the body to its end, from its beginning again wherever it is abandoned; what has ended it stands in the body.

    Args:
        job: What the attempts have in common.
        attempt: The attempt's number.
        since: From which attempt on calls count.
        out_of_time: Called with a body that does not end though its time is over.
    """
    run_id = job.runner.run.id
    plan = job.original.plan if job.original is not None else None
    while True:
        with _kept_record():
            wait_until_recorded(run_id, job.going_on)
            steps, running = records.latest_steps(run_id, hydrate=True), [one.name for one in job.going_on]
            record = Record(str(run_id), steps, job.original, since=since, running=running)
        questions = QuestionRecord(run_id, plan, record.divergences)
        body = Body(job.runner, record, questions, attempt, job.going_on, hooks=job.hooks, workers=job.workers)
        take_over(job.runner, body)
        result = None
        body.clock = job.clock_of(body, out_of_time)
        try:
            # ZenML keeps what a run has loaded, for all that loads it: the next body would get what this one makes of it.
            with InMemoryArtifactCache(), body.clock:
                result = _run_body(job, body)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it ends the attempt
            body.ended_by = body.ended_by or error
        job.going_on[:] = body.close()
        # What was not given up is then in the record. Where the body is only run again, all of it has to be.
        patience = None if isinstance(body.ended_by, Abandoned) else cancel_grace()
        wait_for([one.outcome for one in job.going_on if not one.is_given_up], patience)
        if not isinstance(body.ended_by, Abandoned):
            return body, result


def _prepare_process(*, in_container: bool) -> None:
    find_cached_steps_by(find_cached_step)
    describe_exceptions_by(describe_exception)
    log_any_exception()
    if shortcuts_enabled():
        label_logs_by(labels_of)
        resolve_inputs_by(resolve_inputs)
        load_inputs_by(held_by_caller, missing=UNSET)
        find_packages_by(package_of)
        replace_store_methods()
        replace_requests()
    find_materializers_by(materializer_of)
    hear_prints()
    take_streams(users_own=not in_container and files.own_directory() is None)
    give_threads_logs()


@contextmanager
def _kept_record() -> Iterator[None]:
    """End this worker where the record cannot be kept: nothing wrong is recorded, and the next one may be luckier."""
    try:
        yield
    except Exception as error:
        files.give_up(f"the record could not be kept: {type(error).__name__}: {text_of(error)}")
        raise


def _note_course(run_id: UUID, record: Record) -> None:
    """Record what is known of an attempt however it ended."""
    records.note_changed(run_id, record.changed)
    usage.note_total(run_id, record.steps)


def _end_completed(job: _Job, attempt: AttemptRecord, record: Record, result: ArtifactVersionResponse | None) -> None:
    run_id = job.runner.run.id
    job.let_go()
    if record.has_cut_off:
        records.close_cut_off(run_id)
    records.record_result(run_id, attempt, result.id if result is not None else None)


def _end_failed(job: _Job, attempt: AttemptRecord, error: BaseException, used: int) -> _Following | None:
    """Record how an attempt failed, and return whether another one is to be made, and when."""
    run_id, function = job.runner.run.id, job.flow.func
    decision = decide(job.retry, error, used)
    is_broken = isinstance(error, MemoryError | SystemError) and not isinstance(error, KitaruError)
    if decision.again and is_broken:  # the next attempt needs a process that is whole
        files.give_up(describe_failure(error, function).summary)
    if isinstance(error, WaitAborted):
        # ZenML resolves the question first and stops the run then. Between the two, this attempt would count as failed.
        records.stop(run_id, str(error))
    if records.is_stopping(run_id):
        records.end_attempt(run_id, attempt, "cancelled", str(error) or None)
        _end_calls(job)
        return None
    stopped = files.stop_requested()
    failure = Failure("runner", stopped) if stopped else describe_failure(error, function)
    goes_on = decision.again and not stopped and failure.origin != "divergence"
    due = due_in(decision.seconds) if goes_on else None
    records.end_attempt(run_id, attempt, "failed", failure.summary, next_at=due.isoformat() if due else None)
    if decision.remark is not None and not stopped:
        warn(f"attempt {attempt.number} failed ({failure.summary}): {decision.remark}")
    if goes_on:
        when = "trying again" if due is None else in_words(decision.seconds)
        text = f"attempt {attempt.number} failed ({failure.summary}); {when}"
        seconds = decision.seconds or None
        tell(Event(Kind.ATTEMPT_FAILED, text, attempt=attempt.number, error=failure.summary, seconds=seconds))
        return _Following(due)
    records.record_failure(run_id, failure)
    _end_calls(job)
    return None


def _end_by_force(job: _Job, attempt: AttemptRecord, used: int, body: Body) -> None:
    """End this process, as the body goes on though its time is over; in the user's own process do nothing."""
    in_container = records.extra_of(job.runner.run)["runner"] == "stack"
    error = body.ended_by
    if error is None or not (in_container or files.own_directory() is not None):
        return
    run_id = job.runner.run.id
    following = None
    try:
        job.workers.close()
        _note_course(run_id, body.record)
        following = _end_failed(job, attempt, error, used)
        if following is None:
            records.ensure_failed(str(run_id), error, origin="flow")
        if following is None and in_container:
            job.hooks.ended(str(run_id))
    finally:
        files.give_up(str(error))  # whoever replaces it goes on, or finds that nothing is left to do
        container.begin_anew() if following is not None else container.end_failed()


def _end_calls(job: _Job) -> None:
    """End the calls of a body that has failed for good."""
    job.let_go()
    records.close_cut_off(job.runner.run.id)


def _run_body(job: _Job, body: Body) -> ArtifactVersionResponse | None:
    flow = job.flow
    try:
        with scope.in_body(body), lanes.inside(body.lane):
            values = {name: _input_value(job.inputs[recorded], body) for name, recorded in flow.record_names.items()}
            with foreign_paths.told(values, job.runner.run):
                value = call(flow.func, flow.signature, values)
                if inspect.iscoroutine(value):
                    value = job.loop.run(_finish_async(value, body), lambda loop: lanes.count_tasks(loop, body.lane))
            body.check()
            body.settle()
            body.check_complete()
            result = body.store_result(value)
    finally:
        finish_line()
    return result


async def _finish_async(coroutine: Any, body: Body) -> Any:
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    body.cancel = lambda: cast("None", loop.call_soon_threadsafe(task.cancel))
    try:
        return body.resolved(await coroutine)
    finally:
        if isinstance(body.ended_by, Abandoned):
            await body.let_finish()


def _input_value(recorded: Any, body: Body) -> Any:
    if isinstance(recorded, dict) and ARTIFACT_KEY in recorded:
        artifact = Client().get_artifact_version(UUID(recorded[ARTIFACT_KEY]))
        value = artifact.load(disable_cache=True)
        body.know(value, artifact)
        return value
    return copy.deepcopy(recorded)  # the next attempt gets it, too, whatever this one makes of it
