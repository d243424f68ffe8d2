"""The row of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenml.models import LogsResponseMetadata, LogsResponseResources
from zenml.zen_stores.schemas import LogsSchema, PipelineRunSchema, StackComponentSchema, StepRunSchema

from kitaru._zenml.door.private import active_user
from kitaru._zenml.writing.plain import require_known

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from zenml.models import LogsRequest, LogsResponse
    from zenml.zen_stores.sql_zen_store import SqlZenStore


def create(store: SqlZenStore, session: Session, logs: LogsRequest) -> LogsResponse:
    """Write the row of a log, in one transaction; as ``SqlZenStore.create_logs``.

    Raises:
        NotPlainError: It refers to what is not there.
    """
    user = active_user(store, session)
    require_known(session, StackComponentSchema, logs.artifact_store_id)
    require_known(session, StackComponentSchema, logs.log_store_id)
    require_known(session, PipelineRunSchema, logs.pipeline_run_id, logs.project)
    require_known(session, StepRunSchema, logs.step_run_id, logs.project)
    row = LogsSchema.from_request(logs.model_copy(update={"user": user.id}))
    session.add(row)
    session.commit()
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
