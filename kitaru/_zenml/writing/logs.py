"""The rows of logs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from zenml.enums import StepRuntime
from zenml.models import LogsResponseMetadata, LogsResponseResources
from zenml.utils.logging_utils import generate_logs_request, is_step_logging_enabled
from zenml.zen_stores.schemas import LogsSchema, PipelineRunSchema, StepRunSchema

from kitaru._zenml.door.private import active_user
from kitaru._zenml.records.versions import Kept
from kitaru._zenml.writing.plain import require, require_known
from kitaru._zenml.writing.units import Unit, write

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from zenml.config.pipeline_configurations import PipelineConfiguration
    from zenml.config.step_configurations import Step
    from zenml.models import LogsRequest, LogsResponse, StepRunRequest
    from zenml.zen_stores.sql_zen_store import SqlZenStore

# ZenML's launcher and its runner of steps call their logs so.
_LAUNCHER = "prepare_step"
RUNNER = "step"
# Logs of launchers whose steps have not begun: they are written with them. There are as many as threads, and those of steps
# that never began.
_waiting: Kept[LogsSchema] = Kept(100_000)


def create(store: SqlZenStore, session: Session, logs: LogsRequest) -> LogsResponse:
    """Write the row of a log, as ``SqlZenStore.create_logs``; that of a step's launcher is written as the step begins.

    Raises:
        NotPlainError: It refers to what is not there.
    """
    user = active_user(store, session)
    require_known(session, PipelineRunSchema, logs.pipeline_run_id, logs.project)
    require_known(session, StepRunSchema, logs.step_run_id, logs.project)
    row = LogsSchema.from_request(logs.model_copy(update={"user": user.id}))
    if logs.source == _LAUNCHER and logs.pipeline_run_id is None and logs.step_run_id is None:
        _waiting.put(row.id, row)
    else:
        _record(store, row)
    response = row.to_model()
    response.metadata = LogsResponseMetadata(
        step_run_id=row.step_run_id,
        pipeline_run_id=row.pipeline_run_id,
        artifact_store_id=row.artifact_store_id,
        log_store_id=row.log_store_id,
        hook_invocation_id=row.hook_invocation_id,
    )
    response.resources = LogsResponseResources(user=user)
    return response


def of_step(
    request: StepRunRequest, step: Step, pipeline: PipelineConfiguration, step_run_id: UUID, user: UUID
) -> list[LogsSchema]:
    """Return the logs that a step begins with: its launcher's, and where it runs here that of its runner.

    The runner looks among the logs of its step before it has one made.

    Raises:
        NotPlainError: Its launcher's is not one that waits for it.
    """
    if request.logs is None:
        return []
    launcher = _waiting.get(request.logs) if isinstance(request.logs, UUID) else None
    require(launcher is not None and launcher.project_id == request.project)
    assert launcher is not None
    launcher.step_run_id = step_run_id
    if not runs_here(request) or not is_step_logging_enabled(step.config, pipeline):
        return [launcher]
    own = {"user": user, "step_run_id": step_run_id}
    return [launcher, LogsSchema.from_request(generate_logs_request(source=RUNNER).model_copy(update=own))]


def runs_here(request: StepRunRequest) -> bool:
    """Whether a step's function is called in this process."""
    config = request.dynamic_config
    inline = request.resource_request_runtime == StepRuntime.INLINE
    return config is not None and inline and config.config.step_operator is None


def written(logs: list[LogsSchema]) -> None:
    """Take note that logs are written."""
    for log in logs:
        _waiting.take(log.id)


def leave(store: SqlZenStore, step_run: StepRunRequest) -> None:
    """Write the log that waits for a step, which ZenML is to begin."""
    row = _waiting.take(step_run.logs) if isinstance(step_run.logs, UUID) else None
    if row is not None:
        row.step_run_id = None
        _record(store, row)


def _record(store: SqlZenStore, row: LogsSchema) -> None:
    write(store.engine, Unit(lambda _: [row]))
