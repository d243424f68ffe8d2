"""The rows of a step: at its beginning those of its run, configuration, parents and inputs, at its end those of its outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the cache of configurations is annotated with it
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import select, update
from sqlmodel import col
from zenml.config.pipeline_configurations import PipelineConfiguration
from zenml.config.step_configurations import Step
from zenml.enums import ExecutionStatus, MetadataResourceTypes, StepRunInputArtifactType
from zenml.models import StepRunResponse, StepRunResponseMetadata
from zenml.models.v2.core.step_run import StepRunResponseBody, StepRunResponseResources
from zenml.utils.tag_utils import Tag
from zenml.utils.time_utils import utc_now
from zenml.zen_stores.schemas import (
    LogsSchema,
    PipelineRunSchema,
    PipelineSnapshotSchema,
    RunMetadataResourceSchema,
    RunMetadataSchema,
    StepConfigurationSchema,
    StepRunInputArtifactSchema,
    StepRunOutputArtifactSchema,
    StepRunParentsSchema,
    StepRunSchema,
)

from kitaru._zenml.door.private import active_user, input_type
from kitaru._zenml.records.versions import Kept, batches, inputs_by_name, versions_of
from kitaru._zenml.writing.plain import NotPlainError, require, require_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session
    from zenml.models import ArtifactVersionResponse, StepRunRequest, StepRunUpdate, UserResponse
    from zenml.zen_stores.sql_zen_store import SqlZenStore

_GOING_ON = ExecutionStatus.INITIALIZING, ExecutionStatus.PROVISIONING, ExecutionStatus.RUNNING
# Steps that began here and have not ended; one that ends elsewhere stays until others take its place.
_begun: Kept[StepRunResponse] = Kept(1000)


@dataclass(frozen=True)
class _Links:
    """What a step's run is linked with, as rows."""

    parents: list[StepRunParentsSchema]
    inputs: list[StepRunInputArtifactSchema]
    outputs: list[StepRunOutputArtifactSchema]
    metadata: list[RunMetadataResourceSchema]

    def all(self) -> Iterable[Any]:
        return (*self.parents, *self.inputs, *self.outputs, *self.metadata)


@dataclass(frozen=True)
class _Written:
    """What is written at a step's beginning, with the step as it reads with its pipeline's configuration."""

    row: StepRunSchema
    step: Step
    links: _Links
    log: LogsSchema | None


def begin(store: SqlZenStore, session: Session, step_run: StepRunRequest) -> StepRunResponse:
    """Write that a step runs, or was found in the cache, in one transaction; as ``SqlZenStore.create_run_step``.

    Raises:
        NotPlainError: It is a further attempt, has a model, belongs to a static pipeline, or is otherwise unusual.
    """
    config = step_run.dynamic_config
    is_cached = step_run.status == ExecutionStatus.CACHED
    require(config is not None and (is_cached or step_run.status == ExecutionStatus.RUNNING))
    require(is_cached == (step_run.original_step_run_id is not None) and (is_cached or not step_run.outputs))
    require(step_run.exception_info is None and (is_cached or not _asks_for_resources(store, step_run)))
    config = cast("Step", config)
    user = active_user(store, session)
    run = _run(session, step_run)
    require_known(session, StepRunSchema, step_run.original_step_run_id, step_run.project)
    pipeline = _pipeline(run.pipeline_configuration, run.start_time)
    text = config.model_dump_json(exclude={"config"})
    merged = Step.from_dict(json.loads(text), pipeline_configuration=pipeline, exclude_hook_sources=True)
    require(merged.config.model is None and not _overrides(pipeline, step_run.name, merged))
    require(not is_cached or not any(isinstance(tag, Tag) and tag.cascade for tag in pipeline.tags or ()))
    require(not _rows_named(session, step_run.pipeline_run_id, [step_run.name]))
    retry = config.config.retry
    row = StepRunSchema.from_request(
        step_run.model_copy(update={"user": user.id}),
        snapshot_id=run.snapshot_id,
        version=1,
        is_retriable=bool(retry and retry.max_retries > 0),
    )
    if config.spec.enable_heartbeat and run.enable_heartbeat:
        row.heartbeat_threshold = config.config.heartbeat_healthy_threshold
    log = _log(session, step_run)
    artifacts = _versions(session, _ids(step_run.inputs, step_run.outputs), step_run.project)
    written = _Written(row, merged, _links(store, session, step_run, config, row.id), log)
    session.add(row)
    session.add(StepConfigurationSchema(index=0, name=step_run.name, config=text, step_run_id=row.id))
    session.add_all(written.links.all())
    if log is not None:
        log.step_run_id = row.id
    session.commit()
    if written.links.metadata:
        return store.get_run_step(row.id)
    response = _response(written, artifacts, user)
    if not is_cached and row.heartbeat_threshold is None:
        _begun.put(row.id, response)
    return response


def end(store: SqlZenStore, session: Session, step_run_id: UUID, step_run_update: StepRunUpdate) -> StepRunResponse:
    """Write that a step has completed, in one transaction; as ``SqlZenStore.update_run_step``.

    Raises:
        NotPlainError: It did not begin here, something else was changed of it, or it ends in another way.
    """
    begun = _begun.take(step_run_id)
    changed = step_run_update.model_fields_set - {"status", "end_time", "outputs"}
    require(begun is not None and step_run_update.status == ExecutionStatus.COMPLETED)
    require(not any(getattr(step_run_update, name) for name in changed))
    begun = cast("StepRunResponse", begun)
    ids = list(_ids(step_run_update.outputs))
    require(len(set(ids)) == len(ids))
    artifacts = _versions(session, ids, begun.project_id)
    news: dict[str, Any] = {"status": ExecutionStatus.COMPLETED.value, "updated": utc_now()}
    if step_run_update.end_time is not None:
        news["end_time"] = step_run_update.end_time
    is_running = col(StepRunSchema.id) == step_run_id, col(StepRunSchema.status) == ExecutionStatus.RUNNING.value
    require(session.execute(update(StepRunSchema).where(*is_running).values(**news)).rowcount == 1)  # type: ignore[attr-defined]
    outputs = _outputs(step_run_id, step_run_update.outputs)
    session.add_all(outputs)
    session.commit()
    if session.scalar(select(col(RunMetadataResourceSchema.id)).where(_is_of(step_run_id)).limit(1)):
        return store.get_run_step(step_run_id)
    logs = select(LogsSchema).where(col(LogsSchema.step_run_id) == step_run_id).order_by(col(LogsSchema.created))
    resources = begun.get_resources()
    return StepRunResponse(
        id=begun.id,
        name=begun.name,
        body=begun.get_body().model_copy(update={**news, "status": ExecutionStatus.COMPLETED}),
        metadata=begun.get_metadata(),
        resources=resources.model_copy(
            update={
                "log_collection": [log.to_model() for log in session.scalars(logs)],
                "outputs": _outputs_by_name(outputs, artifacts),
            }
        ),
    )


def _run(session: Session, request: StepRunRequest) -> Row[tuple[str, UUID | None, datetime | None, bool, bool, str]]:
    """Return what a step needs of its run, which must be going on."""
    wanted: Select[tuple[str, UUID | None, datetime | None, bool, bool, str]] = (
        select(
            col(PipelineRunSchema.status),
            col(PipelineRunSchema.snapshot_id),
            col(PipelineRunSchema.start_time),
            col(PipelineRunSchema.enable_heartbeat),
            col(PipelineSnapshotSchema.is_dynamic),
            col(PipelineSnapshotSchema.pipeline_configuration),
        )
        .join(PipelineSnapshotSchema, col(PipelineSnapshotSchema.id) == col(PipelineRunSchema.snapshot_id))
        .where(
            col(PipelineRunSchema.id) == request.pipeline_run_id, col(PipelineRunSchema.project_id) == request.project
        )
    )
    run = session.execute(wanted).one_or_none()
    if run is None or not run.is_dynamic or run.status not in _GOING_ON:
        raise NotPlainError
    return run


def _asks_for_resources(store: SqlZenStore, request: StepRunRequest) -> bool:
    return store.resource_pools_enabled and request.resource_requester is not None


@lru_cache(maxsize=4)
def _pipeline(text: str, start_time: datetime | None) -> PipelineConfiguration:
    """Return the configuration of a run's pipeline; it is the same for all steps of the run."""
    configuration = PipelineConfiguration.model_validate_json(text)
    configuration.finalize_substitutions(start_time=start_time, inplace=True)
    return configuration


def _overrides(pipeline: PipelineConfiguration, name: str, step: Step) -> dict[str, Any]:
    return pipeline.get_invocation_input_overrides(invocation_id=name, step_name=step.config.name)


def _rows_named(session: Session, run_id: UUID, names: Sequence[str]) -> list[tuple[str, UUID]]:
    in_run = select(col(StepRunSchema.name), col(StepRunSchema.id)).where(col(StepRunSchema.pipeline_run_id) == run_id)
    parts = (session.execute(in_run.where(col(StepRunSchema.name).in_(part))) for part in batches(names))
    return [(name, key) for part in parts for name, key in part]


def _log(session: Session, request: StepRunRequest) -> LogsSchema | None:
    if request.logs is None:
        return None
    log = session.get(LogsSchema, request.logs)
    require(log is not None and log.project_id == request.project)
    log = cast("LogsSchema", log)
    require(log.pipeline_run_id is None and log.step_run_id is None)
    return log


def _links(store: SqlZenStore, session: Session, request: StepRunRequest, config: Step, step_id: UUID) -> _Links:
    names = list(dict.fromkeys(config.spec.upstream_steps))
    parents = _rows_named(session, request.pipeline_run_id, names)
    require(sorted(name for name, _ in parents) == sorted(names))  # one each: of several attempts ZenML takes the first
    of_original = request.original_step_run_id
    return _Links(
        parents=[StepRunParentsSchema(child_id=step_id, parent_id=parent) for _, parent in parents],
        inputs=_inputs(store, request, config, step_id)
        if of_original is None
        else _inputs_again(session, request, step_id, of_original),
        outputs=_outputs(step_id, request.outputs),
        metadata=[] if of_original is None else _metadata_again(session, step_id, of_original),
    )


def _inputs(
    store: SqlZenStore, request: StepRunRequest, config: Step, step_id: UUID
) -> list[StepRunInputArtifactSchema]:
    rows: dict[tuple[object, ...], StepRunInputArtifactSchema] = {}
    for name, ids in request.inputs.items():
        kind = input_type(store, name, config)
        for index, key in enumerate(ids):
            row = StepRunInputArtifactSchema(
                step_id=step_id, artifact_id=key, name=name, type=kind.value, input_index=0
            )
            if kind == StepRunInputArtifactType.STEP_OUTPUT:
                part = config.spec.normalized_inputs[name][index]
                row.input_index, row.chunk_index, row.chunk_size = index, part.chunk_index, part.chunk_size
            # That a value was loaded by hand more than once is not recorded.
            once = (name, key) if kind == StepRunInputArtifactType.MANUAL else (name, key, len(rows))
            rows.setdefault(once, row)
    return list(rows.values())


def _inputs_again(
    session: Session, request: StepRunRequest, step_id: UUID, original: UUID
) -> list[StepRunInputArtifactSchema]:
    """Return the inputs of a step that was found in the cache: what was loaded by hand is in its original only."""
    rows = session.scalars(
        select(StepRunInputArtifactSchema).where(col(StepRunInputArtifactSchema.step_id) == original)
    ).all()
    known = {(row.name, row.artifact_id): row for row in rows}
    wanted = [(name, key) for name, ids in request.inputs.items() for key in ids]
    require(len(known) == len(rows) and len(set(wanted)) == len(wanted) and known.keys() >= set(wanted))
    return [
        StepRunInputArtifactSchema(
            step_id=step_id,
            artifact_id=key,
            name=name,
            type=known[name, key].type,
            input_index=known[name, key].input_index or 0,
            chunk_index=known[name, key].chunk_index,
            chunk_size=known[name, key].chunk_size,
        )
        for name, key in wanted
    ]


def _metadata_again(session: Session, step_id: UUID, original: UUID) -> list[RunMetadataResourceSchema]:
    links = select(RunMetadataResourceSchema).where(
        col(RunMetadataResourceSchema.run_metadata_id) == col(RunMetadataSchema.id),
        _is_of(original),
        col(RunMetadataSchema.publisher_step_id) == original,
    )
    return [
        RunMetadataResourceSchema(
            resource_id=step_id, resource_type=link.resource_type, run_metadata_id=link.run_metadata_id
        )
        for link in session.scalars(links)
    ]


def _is_of(step_id: UUID) -> Any:
    return (col(RunMetadataResourceSchema.resource_id) == step_id) & (
        col(RunMetadataResourceSchema.resource_type) == MetadataResourceTypes.STEP_RUN
    )


def _outputs(step_id: UUID, outputs: dict[str, list[UUID]]) -> list[StepRunOutputArtifactSchema]:
    names = {key: name for name, ids in reversed(outputs.items()) for key in reversed(ids)}  # the first name of each
    return [StepRunOutputArtifactSchema(step_id=step_id, artifact_id=key, name=name) for key, name in names.items()]


def _ids(*by_name: dict[str, list[UUID]]) -> Iterable[UUID]:
    return (key for names in by_name for ids in names.values() for key in ids)


def _versions(session: Session, ids: Iterable[UUID], project: UUID) -> dict[UUID, ArtifactVersionResponse]:
    wanted = set(ids)
    versions = versions_of(session, wanted, project)
    require(len(versions) == len(wanted))
    return versions


def _outputs_by_name(
    links: Iterable[StepRunOutputArtifactSchema], artifacts: dict[UUID, ArtifactVersionResponse]
) -> dict[str, list[ArtifactVersionResponse]]:
    outputs: dict[str, list[ArtifactVersionResponse]] = {}
    for link in links:
        outputs.setdefault(link.name, []).append(artifacts[link.artifact_id])
    return outputs


def _response(written: _Written, artifacts: dict[UUID, ArtifactVersionResponse], user: UserResponse) -> StepRunResponse:
    """Return what ``StepRunSchema.to_model`` does, without a query."""
    row, step, links = written.row, written.step, written.links
    return StepRunResponse(
        id=row.id,
        name=row.name,
        body=StepRunResponseBody(
            user_id=row.user_id,
            project_id=row.project_id,
            type=step.config.step_type,
            status=ExecutionStatus(row.status),
            version=row.version,
            is_retriable=row.is_retriable,
            start_time=row.start_time,
            end_time=row.end_time,
            created=row.created,
            updated=row.updated,
            substitutions=step.config.substitutions,
            heartbeat_threshold=row.heartbeat_threshold,
        ),
        metadata=StepRunResponseMetadata(
            config=step.config,
            spec=step.spec,
            cache_key=row.cache_key,
            cache_expires_at=row.cache_expires_at,
            code_hash=row.code_hash,
            docstring=row.docstring,
            source_code=row.source_code,
            snapshot_id=cast("UUID", row.snapshot_id),
            pipeline_run_id=row.pipeline_run_id,
            original_step_run_id=row.original_step_run_id,
            parent_step_ids=[parent.parent_id for parent in links.parents],
        ),
        resources=StepRunResponseResources(
            user=user,
            log_collection=[written.log.to_model()] if written.log is not None else [],
            inputs=inputs_by_name(links.inputs, artifacts),
            outputs=_outputs_by_name(links.outputs, artifacts),
        ),
    )
