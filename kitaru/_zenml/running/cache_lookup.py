"""Finding an earlier step run for ZenML's cache whose values are still there.

Of the local database with what a launcher takes from one: ZenML counts all candidates, then loads the latest with its artifacts, its logs, its metadata and its configuration, each
by queries of its own: most of what a cache hit costs. Its launcher takes seven values of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select
from sqlmodel import col
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.orchestrators.cache_utils import get_cached_step_run
from zenml.utils.time_utils import utc_now
from zenml.zen_stores.schemas import (
    ArtifactVersionSchema,
    StepRunInputArtifactSchema,
    StepRunOutputArtifactSchema,
    StepRunSchema,
)
from zenml.zen_stores.sql_zen_store import SqlZenStore

from kitaru._core.settings.environment import shortcuts_enabled
from kitaru._zenml.records.events import warn

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from zenml.models import StepRunResponse


_step, _input, _output = StepRunSchema, StepRunInputArtifactSchema, StepRunOutputArtifactSchema
_LATEST = (
    select(*map(col, (_step.id, _step.cache_expires_at, _step.docstring, _step.source_code)))
    .where(
        col(_step.project_id) == bindparam("project"),
        col(_step.cache_key) == bindparam("key"),
        col(_step.status) == ExecutionStatus.COMPLETED.value,
        or_(col(_step.cache_expires_at).is_(None), col(_step.cache_expires_at) > bindparam("now")),
    )
    .order_by(col(_step.created).desc(), col(_step.id).desc())
    .limit(1)
)
_INPUTS = (
    select(col(_input.name), col(_input.artifact_id))
    .where(col(_input.step_id) == bindparam("step"))
    .order_by(col(_input.input_index))
)
_OUTPUTS = (
    select(col(_output.name), col(_output.artifact_id), col(ArtifactVersionSchema.uri))
    .join(ArtifactVersionSchema, col(ArtifactVersionSchema.id) == col(_output.artifact_id))
    .where(col(_output.step_id) == bindparam("step"))
)


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
    """Return the latest completed step run of this project with a cache key, or None; None, too, where its values are gone.

    Args:
        cache_key: What ZenML made of the step's source, settings and inputs.
    """
    store = Client().zen_store
    found: CachedStep | StepRunResponse | None
    if isinstance(store, SqlZenStore) and shortcuts_enabled():
        found, uris = _find_here(store, cache_key)
    else:
        found = by_zenml = get_cached_step_run(cache_key)
        uris = [] if by_zenml is None else [one.uri for outputs in by_zenml.outputs.values() for one in outputs]
    exists = Client().active_stack.artifact_store.exists
    gone = next((uri for uri in uris if not exists(uri)), None)
    if gone is None:
        return found
    warn(f"a cached result is gone from the artifact store, and is made anew: {gone}")
    return None


def _find_here(store: SqlZenStore, cache_key: str) -> tuple[CachedStep | None, list[str]]:
    with store.engine.connect() as connection:
        wanted = {"project": Client().active_project.id, "key": cache_key, "now": utc_now()}
        row = connection.execute(_LATEST, wanted).first()
        if row is None:
            return None, []
        step_id, expires, docstring, source = row
        taken = _by_name(connection.execute(_INPUTS, {"step": step_id}))
        outputs = connection.execute(_OUTPUTS, {"step": step_id}).all()
    made = _by_name((name, key) for name, key, _ in outputs)
    return CachedStep(step_id, expires, docstring, source, taken, made), [uri for _, _, uri in outputs]


def _by_name(rows: Any) -> dict[str, list[Artifact]]:
    artifacts: dict[str, list[Artifact]] = {}
    for name, artifact_id in rows:
        artifacts.setdefault(name, []).append(Artifact(artifact_id))
    return artifacts
