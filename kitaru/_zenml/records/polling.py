"""The state of an execution at work, by two small queries to the local database.

Who waits for an execution asks five times a second. ZenML's client answers by some twenty queries, and builds a response
of which one word is read: half a CPU for each waiting program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlmodel import Session, col, select
from zenml.enums import ExecutionStatus as ZenMLStatus
from zenml.enums import RunWaitConditionStatus
from zenml.zen_stores.schemas import PipelineRunSchema, RunWaitConditionSchema
from zenml.zen_stores.sql_zen_store import SqlZenStore

from kitaru._core.process import files
from kitaru._core.process.places import runner_directory
from kitaru._zenml.door.store import open_client, translated

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def status_at_work(exec_id: str) -> tuple[ZenMLStatus, bool] | None:
    """Return the status of an execution whose local runner works, and whether it asks a question.

    Args:
        exec_id: Its full id.

    Returns:
        None where more is to be looked at: it has ended or paused, its runner may be lost, or there is a server.
    """
    try:
        run_id = UUID(exec_id)
    except ValueError:
        return None
    state = files.read(files.directory(runner_directory(), str(run_id)) / files.STATE)
    if state.get("lost") or not files.works_here(state):
        return None
    store = open_client().zen_store
    if not isinstance(store, SqlZenStore):
        return None
    with translated(f"reading execution {exec_id}"):
        status = _status(store.engine, run_id)
        if status is None or status.is_finished or status == ZenMLStatus.PAUSED:
            return None
        return status, status == ZenMLStatus.RUNNING and _asks(store.engine, run_id)


def _status(engine: Engine, run_id: UUID) -> ZenMLStatus | None:
    with Session(engine) as session:
        status = session.exec(select(PipelineRunSchema.status).where(col(PipelineRunSchema.id) == run_id)).first()
    return None if status is None else ZenMLStatus(status)


def _asks(engine: Engine, run_id: UUID) -> bool:
    condition = RunWaitConditionSchema
    query = (
        select(condition.id)
        .where(col(condition.run_id) == run_id, col(condition.status) == RunWaitConditionStatus.PENDING.value)
        .limit(1)
    )
    with Session(engine) as session:
        return session.exec(query).first() is not None
