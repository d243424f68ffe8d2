"""What Kitaru writes about an execution beside ZenML's own record: settings, attempts and the failure.

Settings are part of the run's configuration and stand before anything is launched. Attempts and the failure are run
metadata, so that they show in ZenML's dashboard as well; the settings are told there in words, too.
"""

from __future__ import annotations

import json
import textwrap
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zenml.client import Client
from zenml.enums import ExecutionStatus, MetadataResourceTypes, StepRuntime
from zenml.exceptions import IllegalOperationError
from zenml.models import ExceptionInfo, RunMetadataResource
from zenml.orchestrators.publish_utils import publish_pipeline_run_status_update, publish_step_run_status_update
from zenml.utils.pagination_utils import depaginate

from kitaru._core.process import lack
from kitaru._core.words.exception_text import text_of
from kitaru._zenml.records.failures import Failure, describe_failure
from kitaru._zenml.records.step_list import list_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from zenml.models import PipelineRunResponse, StepRunResponse

EXTRA_KEY = "kitaru"
# Within it, the tags that a step gives its outputs.
TAGS_KEY = "tags"
# What is stored with a run that was started for an order: its key, and digests of its inputs.
IDEMPOTENCY_KEY = "idempotency"
_ATTEMPT = "kitaru_attempt_"
_FAILURE = "kitaru_failure"
_RESULT = "kitaru_result"
_CYCLE = "kitaru_first_attempt"
_CHANGED = "kitaru_changed_code"
_EXPECTED = "kitaru_expected"
_SETTINGS = "kitaru_settings"
# Signs of a setting in the dashboard; the run's configuration has it whole.
_SHOWN = 300
_WAITING = "waiting"
OPEN_STEPS = frozenset(
    {
        ExecutionStatus.INITIALIZING,
        ExecutionStatus.PROVISIONING,
        ExecutionStatus.QUEUED,
        ExecutionStatus.RUNNING,
        ExecutionStatus.STOPPING,
    }
)


@dataclass(frozen=True)
class AttemptRecord:
    """One attempt at a flow's body."""

    number: int
    reason: str
    started_at: str
    ended_at: str | None = None
    outcome: str | None = None
    error: str | None = None
    next_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the record without what is not known yet."""
        return {key: value for key, value in vars(self).items() if value is not None}


def extra_of(what: PipelineRunResponse | StepRunResponse) -> dict[str, Any]:
    """Return what Kitaru stored with a run or a call when it was started; empty for runs of plain ZenML."""
    extra = what.config.extra.get(EXTRA_KEY)
    return extra if isinstance(extra, dict) else {}


def retries_of(extra: Mapping[str, Any]) -> int:
    """Return how often a failed execution is tried again, from what was stored with its run."""
    retries = extra["settings"]["retries"]["value"]
    return int(retries["times"] if isinstance(retries, dict) else retries)


def order_of(run: PipelineRunResponse) -> dict[str, Any]:
    """Return the key of the order for which a run was started, and digests of its inputs; empty where there is none."""
    order = extra_of(run).get(IDEMPOTENCY_KEY)
    return order if isinstance(order, dict) else {}


def producers_of(step: StepRunResponse) -> frozenset[str]:
    """Return the names of the calls whose values a call got, whole or in part."""
    return frozenset(source.step_name for sources in step.spec.normalized_inputs.values() for source in sources)


def attempts_of(run: PipelineRunResponse) -> list[AttemptRecord]:
    """Return the attempts of a run, the first one first."""
    metadata = run.run_metadata
    attempts = [
        AttemptRecord(**value)
        for key, value in metadata.items()
        if key.startswith(_ATTEMPT) and isinstance(value, dict)
    ]
    return sorted(attempts, key=lambda attempt: attempt.number)


def failure_of(run: PipelineRunResponse) -> Failure | None:
    """Return why a run failed, where Kitaru recorded it."""
    failure = run.run_metadata.get(_FAILURE)
    return Failure(**failure) if isinstance(failure, dict) and failure else None


def begin_attempt(run_id: UUID, lost: str | None) -> AttemptRecord:
    """Record that an attempt starts, and end an earlier one whose runner is gone.

    Args:
        run_id: The run.
        lost: How the runner of the attempt before was lost, where that is known.
    """
    run = Client().get_pipeline_run(run_id)
    attempts = attempts_of(run)
    reason = "first attempt"
    if attempts:
        before = attempts[-1]
        if before.outcome == _WAITING:  # it goes on where it waited
            return AttemptRecord(before.number, before.reason, before.started_at)
        if before.ended_at is None:
            before = end_attempt(run_id, before, "lost", lost or "the runner's process was lost")
        reason = f"attempt {before.number} {before.outcome}: {before.error or lost or 'its runner was lost'}"
    attempt = AttemptRecord(len(attempts) + 1, reason, _now())
    settings = {} if attempts else {_SETTINGS: _in_words(extra_of(run).get("settings", {}))}
    _write(run_id, {**settings, f"{_ATTEMPT}{attempt.number}": attempt.to_json()})
    return attempt


def _in_words(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Tell each setting and where it came from as people read it in ZenML's dashboard."""
    return {
        path: f"{textwrap.shorten(_as_text(setting['value']), _SHOWN)} ({setting['detail']})"
        for path, setting in settings.items()
    }


def _as_text(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def end_attempt(
    run_id: UUID, attempt: AttemptRecord, outcome: str, error: str | None, *, next_at: str | None = None
) -> AttemptRecord:
    """Record how an attempt ended: ``"completed"``, ``"failed"`` or ``"lost"``; and when the next one is due."""
    ended = AttemptRecord(attempt.number, attempt.reason, attempt.started_at, _now(), outcome, error, next_at)
    _write(run_id, {f"{_ATTEMPT}{attempt.number}": ended.to_json()})
    return ended


def pause_attempt(run_id: UUID, attempt: AttemptRecord) -> None:
    """Record that an attempt waits for an answer, with no runner."""
    waiting = AttemptRecord(attempt.number, attempt.reason, attempt.started_at, outcome=_WAITING)
    _write(run_id, {f"{_ATTEMPT}{attempt.number}": waiting.to_json()})


def next_due(run: PipelineRunResponse) -> datetime | None:
    """Return when the next attempt is due, where an execution waits for that; it may be due by now."""
    attempts = attempts_of(run)
    if not attempts or attempts[-1].next_at is None or attempts[-1].number < cycle_of(run):
        return None
    return datetime.fromisoformat(attempts[-1].next_at)


def begin_cycle(run_id: UUID) -> None:
    """Record that the execution is retried by hand: the attempts from here on count anew."""
    attempts = attempts_of(Client().get_pipeline_run(run_id))
    _write(run_id, {_CYCLE: len(attempts) + 1})


def first_of_cycle(run_id: UUID) -> int:
    """Return the number of the attempt from which retries are counted."""
    return cycle_of(Client().get_pipeline_run(run_id))


def cycle_of(run: PipelineRunResponse) -> int:
    """Return the number of the first attempt since the execution was started, or retried by hand."""
    first = run.run_metadata.get(_CYCLE, 1)
    return first if isinstance(first, int) else 1


def first_since_failure(run_id: UUID, attempt: AttemptRecord) -> int:
    """Return the first attempt of those that go on with each other: a lost runner is replaced, a failure is not.

    Args:
        run_id: The run.
        attempt: The attempt that begins.
    """
    run = Client().get_pipeline_run(run_id)
    first = attempt.number
    outcomes = {known.number: known.outcome for known in attempts_of(run)}
    while first > cycle_of(run) and outcomes.get(first - 1) == "lost":
        first -= 1
    return first


def is_stopping(run_id: UUID) -> bool:
    """Whether the execution has been cancelled."""
    status = Client().zen_store.get_run(run_id, hydrate=False).status
    return status in (ExecutionStatus.STOPPING, ExecutionStatus.STOPPED, ExecutionStatus.CANCELLED)


def stop(run_id: UUID, reason: str) -> None:
    """Mark an execution cancelled by whoever was asked; it may be marked already."""
    publish_pipeline_run_status_update(run_id, ExecutionStatus.STOPPED, status_reason=reason)


def note_expected(run_id: UUID, expected: Mapping[str, int]) -> None:
    """Record how many calls of checkpoints there will be at least, for whoever follows the execution."""
    _write(run_id, {_EXPECTED: dict(expected)})


def expected_of(run: PipelineRunResponse) -> dict[str, int]:
    """Return how many calls of checkpoints there will be at least, where the flow has told."""
    expected = run.run_metadata.get(_EXPECTED)
    return {str(name): int(number) for name, number in expected.items()} if isinstance(expected, dict) else {}


def note_changed(run_id: UUID, changed: set[str]) -> None:
    """Record the checkpoints whose code has changed since they completed."""
    if changed:
        before = Client().get_pipeline_run(run_id).run_metadata.get(_CHANGED, [])
        known = set(before) if isinstance(before, list) else set()
        _write(run_id, {_CHANGED: sorted(known | changed)})


def changed_of(run: PipelineRunResponse) -> tuple[str, ...]:
    """Return the checkpoints whose code has changed since they completed."""
    names = run.run_metadata.get(_CHANGED, [])
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def record_result(run_id: UUID, attempt: AttemptRecord, artifact_id: UUID | None) -> None:
    """Record that an attempt completed, and where its result is stored.

    ZenML commits that a run is completed before it commits its outputs; a reader that comes in between would take the
    result for None. This stands before either.
    """
    ended = AttemptRecord(attempt.number, attempt.reason, attempt.started_at, _now(), "completed")
    result = str(artifact_id) if artifact_id is not None else ""
    _write(run_id, {f"{_ATTEMPT}{attempt.number}": ended.to_json(), _RESULT: result})


def result_of(run: PipelineRunResponse) -> str | None:
    """Return the id of the artifact that holds a completed run's result; None for a result of None."""
    artifact_id = run.run_metadata.get(_RESULT)
    if artifact_id is None:  # a run of plain ZenML
        return next((str(output.id) for output in run.outputs.values()), None)
    return str(artifact_id) or None


def record_failure(run_id: UUID, failure: Failure) -> None:
    """Record why the execution failed, and what this runner lacked of what the execution was started in."""
    told = replace(failure, surroundings=lack.own().about(failure.message))
    _write(run_id, {_FAILURE: told.to_json()})


def forget_failure(run_id: UUID) -> None:
    """Take back why the execution failed, as it is going on."""
    _write(run_id, {_FAILURE: "none"})  # ZenML puts dicts of one key together, and an empty one takes nothing back


def latest_steps(run_id: UUID, *, hydrate: bool = False) -> dict[str, StepRunResponse]:
    """Return the latest step run of each name in a run."""
    return {step.name: step for step in list_steps(run_id, hydrate=hydrate, exclude_retried=True)}


def starts_of(run_id: UUID, name: str) -> list[StepRunResponse]:
    """Return the step runs of one name in a run, the first start first."""
    page = Client().list_run_steps(pipeline_run_id=run_id, name=name, size=200, hydrate=True)
    return sorted(page.items, key=lambda step: step.version)


def ensure_failed(exec_id: str, error: BaseException, origin: str = "import") -> None:
    """See that a run whose runner gave up is marked failed, with its reason."""
    run = Client().get_pipeline_run(exec_id)
    if failure_of(run) is None:
        record_failure(run.id, replace(describe_failure(error, None), origin=origin))
    if not run.status.is_finished:
        _fail(run, f"{type(error).__name__}: {text_of(error)}")


def mark_lost(run_id: UUID, reason: str) -> None:
    """Mark an execution failed whose runner is gone, unless it has ended by now.

    Args:
        run_id: The run.
        reason: What became of the runner: ``"its runner was killed by signal 9 (SIGKILL)"``.
    """
    run = Client().get_pipeline_run(run_id)
    if run.status.is_finished or run.status == ExecutionStatus.PAUSED:
        return
    for attempt in attempts_of(run):
        if attempt.ended_at is None:
            end_attempt(run_id, attempt, "lost", reason)
    if failure_of(run) is None:  # else the flow itself had failed, and only that could not be published
        record_failure(run_id, Failure(origin="runner", message=reason))
    _fail(run, reason)


def open_steps(
    run_id: UUID, name: str | None = None, statuses: frozenset[ExecutionStatus] = OPEN_STEPS
) -> list[StepRunResponse]:
    """Return the calls of a run that have not ended, as far as the store knows; of one name, or of all."""
    return list(
        depaginate(
            Client().list_run_steps,
            pipeline_run_id=run_id,
            name=name,
            status=f"oneof:{json.dumps(sorted(status.value for status in statuses))}",
            exclude_retried=True,
            size=200,
            hydrate=True,
        )
    )


def close_cut_off(run_id: UUID) -> None:
    """Mark calls failed that ended with an earlier runner, and that a body which has ended did not make again.

    Those in containers of their own may run on. For the process that runs the body: where its calls run is told by the
    active stack.
    """
    _end_steps(_inline(run_id, open_steps(run_id)), ExecutionStatus.FAILED, "its runner was lost before it had ended")


def end_call(run_id: UUID, name: str, reason: str) -> bool:
    """Record that a call is stopped which runs in this process, and return whether it has not been so far.

    Args:
        run_id: The run.
        name: The call.
        reason: Why nobody will have what it returns.
    """
    steps = _inline(run_id, open_steps(run_id, name, OPEN_STEPS | {ExecutionStatus.RETRYING}))
    return _end_steps(steps, ExecutionStatus.STOPPED, reason)


def _inline(run_id: UUID, steps: list[StepRunResponse]) -> list[StepRunResponse]:
    """Return those of a run's calls that have no container of their own."""
    if not steps:
        return []
    from zenml.execution.pipeline.dynamic.compilation import get_step_runtime  # no client needs it

    settings = Client().get_pipeline_run(run_id).config.docker_settings
    return [step for step in steps if get_step_runtime(step.config, settings)[0] == StepRuntime.INLINE]


def _end_steps(steps: Iterable[StepRunResponse], status: ExecutionStatus, reason: str) -> bool:
    """End calls, but for those that have ended just now, and return whether there were any."""
    info = ExceptionInfo(traceback=reason, message=reason)
    has_ended = False
    for step in steps:
        with suppress(IllegalOperationError):
            publish_step_run_status_update(step.id, status, exception_info=info)
            has_ended = True
    return has_ended


def _fail(run: PipelineRunResponse, reason: str) -> None:
    _end_steps(open_steps(run.id), ExecutionStatus.FAILED, reason)
    publish_pipeline_run_status_update(run.id, ExecutionStatus.FAILED, status_reason=reason[:250])


def _write(run_id: UUID, metadata: dict[str, Any]) -> None:
    resource = RunMetadataResource(id=run_id, type=MetadataResourceTypes.PIPELINE_RUN)
    Client().create_run_metadata(metadata=metadata, resources=[resource])


def _now() -> str:
    return datetime.now(UTC).isoformat()
