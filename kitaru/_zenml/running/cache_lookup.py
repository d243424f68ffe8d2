"""Finding an earlier step run for ZenML's cache, in the local database, with what its launcher takes from one.

ZenML counts all candidates, then loads the latest with its artifacts, its logs, its metadata and its configuration, each
by queries of its own: most of what a cache hit costs. Its launcher takes seven values of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, col, or_, select
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.orchestrators.cache_utils import get_cached_step_run
from zenml.utils.time_utils import utc_now
from zenml.zen_stores.schemas import StepRunInputArtifactSchema, StepRunOutputArtifactSchema, StepRunSchema
from zenml.zen_stores.sql_zen_store import SqlZenStore

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from zenml.models import StepRunResponse


@dataclass(frozen=True)
class Artifact:
    """An artifact of a step run, by what a launcher takes of it."""

    id: UUID


@dataclass(frozen=True)
class CachedStep:
    """A step run that answers for another one: the part of ZenML's response that its launcher reads."""

    id: UUID
    cache_expires_at: datetime | None
    docstring: str | None
    source_code: str | None
    inputs: dict[str, list[Artifact]]
    outputs: dict[str, list[Artifact]]


def find_cached_step(cache_key: str) -> CachedStep | StepRunResponse | None:
    """Return the latest completed step run of this project with a cache key, or None.

    Args:
        cache_key: What ZenML made of the step's source, settings and inputs.
    """
    client = Client()
    store = client.zen_store
    if not isinstance(store, SqlZenStore):
        return get_cached_step_run(cache_key)
    step = StepRunSchema
    query = (
        select(step.id, step.cache_expires_at, step.docstring, step.source_code)
        .where(
            step.project_id == client.active_project.id,
            step.cache_key == cache_key,
            step.status == ExecutionStatus.COMPLETED.value,
            or_(col(step.cache_expires_at).is_(None), col(step.cache_expires_at) > utc_now()),
        )
        .order_by(col(step.created).desc(), col(step.id).desc())
        .limit(1)
    )
    with Session(store.engine) as session:
        row = session.exec(query).first()
        if row is None:
            return None
        taken, made = StepRunInputArtifactSchema, StepRunOutputArtifactSchema
        inputs = select(taken.name, taken.artifact_id).where(taken.step_id == row[0]).order_by(col(taken.input_index))
        outputs = select(made.name, made.artifact_id).where(made.step_id == row[0])
        step_id, expires, docstring, source = row
        taken_by_name, made_by_name = _by_name(session.exec(inputs)), _by_name(session.exec(outputs))
        return CachedStep(step_id, expires, docstring, source, taken_by_name, made_by_name)


def _by_name(rows: Any) -> dict[str, list[Artifact]]:
    artifacts: dict[str, list[Artifact]] = {}
    for name, artifact_id in rows:
        artifacts.setdefault(name, []).append(Artifact(artifact_id))
    return artifacts
