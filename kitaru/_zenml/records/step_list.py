"""The steps of a run, with what they were given.

ZenML reads the artifact of an input anew for each step that takes it: an agent whose turns are given the results of all
turns before has a hundred thousand of them after five hundred turns. Of a local store they are read once.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session, joinedload, load_only, selectinload
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.utils.pagination_utils import depaginate
from zenml.zen_stores.schemas import (
    ArtifactVersionSchema,
    ModelVersionSchema,
    PipelineRunSchema,
    PipelineSnapshotSchema,
    StepRunInputArtifactSchema,
    StepRunOutputArtifactSchema,
    StepRunParentsSchema,
    StepRunSchema,
)
from zenml.zen_stores.sql_zen_store import SqlZenStore

from kitaru._core.settings.environment import shortcuts_enabled
from kitaru._zenml.records.versions import InputLink, inputs_by_name, versions_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from zenml.models import StepRunResponse

# Steps of a page; ZenML's limit is ten thousand.
_PAGE = 200


def list_steps(
    run_id: UUID, *, hydrate: bool, exclude_retried: bool = False, since: datetime | None = None
) -> list[StepRunResponse]:
    """Return the steps of a run in the order of their beginning.

    Args:
        run_id: The run.
        hydrate: Whether with their configuration, metadata and failure.
        exclude_retried: Whether without attempts that another one has followed.
        since: Only those that have changed since; in whole seconds, UTC.
    """
    store = Client().zen_store
    if isinstance(store, SqlZenStore) and shortcuts_enabled():
        with Session(store.engine) as session:
            return list(_read(session, _wanted(run_id, exclude_retried=exclude_retried, since=since), hydrate=hydrate))
    filters: dict[str, Any] = {"exclude_retried": True} if exclude_retried else {}
    if since is not None:
        filters["updated"] = f"gte:{since:%Y-%m-%d %H:%M:%S}"
    return list(depaginate(Client().list_run_steps, pipeline_run_id=run_id, size=_PAGE, hydrate=hydrate, **filters))


def _wanted(run_id: UUID, *, exclude_retried: bool, since: datetime | None) -> Any:
    wanted = select(StepRunSchema).where(col(StepRunSchema.pipeline_run_id) == run_id)
    if exclude_retried:
        wanted = wanted.where(col(StepRunSchema.status) != ExecutionStatus.RETRIED.value)
    if since is not None:
        wanted = wanted.where(col(StepRunSchema.updated) >= since.replace(microsecond=0, tzinfo=None))
    return wanted.order_by(col(StepRunSchema.created), col(StepRunSchema.id))


def _read(session: Session, wanted: Any, *, hydrate: bool) -> Iterator[StepRunResponse]:
    rows = session.scalars(wanted.options(*_loaded(hydrate=hydrate))).all()
    ids = wanted.with_only_columns(col(StepRunSchema.id)).order_by(None)
    links = _links(session, ids)
    versions = versions_of(session, (link.artifact_id for of_step in links.values() for link in of_step))
    parents = _parents(session, ids) if hydrate else {}
    for row in rows:
        set_committed_value(row, "input_artifacts", [])
        set_committed_value(row, "parents", [])
        step: StepRunResponse = row.to_model(include_metadata=hydrate, include_resources=True)
        step.get_resources().inputs = inputs_by_name(links[row.id], versions)
        if hydrate:
            step.get_metadata().parent_step_ids = parents[row.id]
        yield step


def _links(session: Session, step_ids: Any) -> dict[UUID, list[InputLink]]:
    link = StepRunInputArtifactSchema
    columns = link.name, link.type, link.input_index, link.chunk_index, link.chunk_size
    wanted = select(*map(col, columns), _text(link.artifact_id), _text(link.step_id))
    links = defaultdict(list)
    uuid = cache(UUID)  # each stands there many times
    for name, kind, index, chunk, size, artifact, step in session.execute(
        wanted.where(col(link.step_id).in_(step_ids))
    ):
        links[uuid(step)].append(InputLink(name, kind, index, chunk, size, uuid(artifact)))
    return links


def _parents(session: Session, step_ids: Any) -> dict[UUID, list[UUID]]:
    link = StepRunParentsSchema
    parents = defaultdict(list)
    uuid = cache(UUID)
    columns = _text(link.child_id), _text(link.parent_id)
    for child, parent in session.execute(select(*columns).where(col(link.child_id).in_(step_ids))):
        parents[uuid(child)].append(uuid(parent))
    return parents


def _text(key: UUID) -> ColumnElement[str]:
    """Read an id as it is stored: to make each a UUID would take longer than all else."""
    return type_coerce(col(key), String)


def _loaded(*, hydrate: bool) -> list[Any]:
    """Return what ``StepRunSchema.get_query_options`` says for many steps, without inputs and parents."""
    step: Any = StepRunSchema
    output: Any = StepRunOutputArtifactSchema
    version: Any = ArtifactVersionSchema
    snapshot: Any = PipelineSnapshotSchema
    options = [
        selectinload(step.snapshot).options(load_only(snapshot.pipeline_configuration, snapshot.is_dynamic)),
        selectinload(step.pipeline_run).options(load_only(col(PipelineRunSchema.start_time))),  # type: ignore[arg-type]
        selectinload(step.static_config),
        selectinload(step.dynamic_config),
        selectinload(step.model_version).options(joinedload(ModelVersionSchema.model, innerjoin=True)),  # type: ignore[arg-type]
        selectinload(step.user),
        selectinload(step.output_artifacts)
        .joinedload(output.artifact_version, innerjoin=True)
        .joinedload(version.artifact, innerjoin=True),
        selectinload(step.logs),
    ]
    return [*options, selectinload(step.run_metadata)] if hydrate else options
