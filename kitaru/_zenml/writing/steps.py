"""The rows of a step: at its beginning those of its run, configuration, logs and links, at its end those of its outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the cache of configurations is annotated with it
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import bindparam, select, update
from sqlmodel import col
from zenml.config.pipeline_configurations import PipelineConfiguration
from zenml.config.step_configurations import Step
from zenml.enums import ExecutionStatus
from zenml.models import StepRunResponse, StepRunResponseMetadata
from zenml.models.v2.core.step_run import StepRunResponseBody, StepRunResponseResources
from zenml.utils.tag_utils import Tag
from zenml.utils.time_utils import utc_now
from zenml.zen_stores.schemas import (
    PipelineRunSchema,
    PipelineSnapshotSchema,
    StepConfigurationSchema,
    StepRunSchema,
)

from kitaru._zenml.door.private import active_user
from kitaru._zenml.records.versions import inputs_by_name, versions_of
from kitaru._zenml.writing import artifacts, logs
from kitaru._zenml.writing.begun import Begun, begun, forget, note
from kitaru._zenml.writing.links import has_metadata, links_of, output_rows, outputs_of
from kitaru._zenml.writing.made import known, numbered
from kitaru._zenml.writing.plain import NotPlainError, require
from kitaru._zenml.writing.units import Unit, write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import Connection, Row
    from sqlalchemy.orm import Session
    from zenml.models import ArtifactVersionResponse, StepRunRequest, StepRunUpdate, UserResponse
    from zenml.zen_stores.schemas import LogsSchema
    from zenml.zen_stores.sql_zen_store import SqlZenStore

    from kitaru._zenml.writing.links import Links

_GOING_ON = ExecutionStatus.INITIALIZING, ExecutionStatus.PROVISIONING, ExecutionStatus.RUNNING
_HOOKS = "start_hook_source", "end_hook_source", "success_hook_source", "failure_hook_source"

_RUN = (
    select(
        *map(
            col,
            (
                PipelineRunSchema.status,
                PipelineRunSchema.snapshot_id,
                PipelineRunSchema.start_time,
                PipelineRunSchema.enable_heartbeat,
                PipelineSnapshotSchema.is_dynamic,
                PipelineSnapshotSchema.pipeline_configuration,
            ),
        )
    )
    .join(PipelineSnapshotSchema, col(PipelineSnapshotSchema.id) == col(PipelineRunSchema.snapshot_id))
    .where(
        col(PipelineRunSchema.id) == bindparam("run"),
        col(PipelineRunSchema.project_id) == bindparam("project"),
    )
)
_COMPLETE = update(StepRunSchema).where(
    col(StepRunSchema.id) == bindparam("step"), col(StepRunSchema.status) == ExecutionStatus.RUNNING.value
)


@dataclass(frozen=True)
class _Written:
    """What is written at a step's beginning, with the step as it reads with its pipeline's configuration."""

    row: StepRunSchema
    step: Step
    links: Links
    logs: list[LogsSchema]


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
    connection = session.connection()
    run = _run(connection, step_run)
    pipeline = _pipeline(run.pipeline_configuration, run.start_time)
    text = config.model_dump_json(exclude={"config"})
    merged = Step.from_dict(json.loads(text), pipeline_configuration=pipeline, exclude_hook_sources=True)
    require(merged.config.model is None and not _overrides(pipeline, step_run.name, merged))
    require(not is_cached or not any(isinstance(tag, Tag) and tag.cascade for tag in pipeline.tags or ()))
    row = _row(step_run, config, run, user.id)
    links = links_of(store, connection, step_run, config)
    versions = _versions(session, _ids(step_run.inputs, step_run.outputs), step_run.project)
    written = _Written(row, merged, links, logs.of_step(step_run, merged, pipeline, row.id, user.id))
    configuration = StepConfigurationSchema(index=0, name=step_run.name, config=text, step_run_id=row.id)
    write(store.engine, Unit(lambda _: [row, configuration, *links.rows(row.id), *written.logs]))
    logs.written(written.logs)
    if links.metadata:
        return store.get_run_step(row.id)
    response = _response(written, versions, user)
    if not is_cached and row.heartbeat_threshold is None:
        needs_outputs = any(getattr(of, name) for of in (config.config, merged.config, pipeline) for name in _HOOKS)
        note(Begun(response, needs_outputs or pipeline.model is not None))
    return response


def end(store: SqlZenStore, session: Session, step_run_id: UUID, step_run_update: StepRunUpdate) -> StepRunResponse:
    """Write that a step has completed, with its outputs, in one transaction; as ``SqlZenStore.update_run_step``.

    Raises:
        NotPlainError: It did not begin here, something else was changed of it, or it ends in another way.
    """
    step = begun(step_run_id)
    changed = step_run_update.model_fields_set - {"status", "end_time", "outputs"}
    require(step is not None and step_run_update.status == ExecutionStatus.COMPLETED)
    require(not any(getattr(step_run_update, name) for name in changed))
    step = cast("Begun", step)
    ids = list(_ids(step_run_update.outputs))
    made = {one.version.id: one for one in step.made}
    require(len(set(ids)) == len(ids) and made.keys() <= set(ids))
    versions = _versions(session, (key for key in ids if key not in made), step.response.project_id)
    news: dict[str, Any] = {"status": ExecutionStatus.COMPLETED.value, "updated": utc_now()}
    if step_run_update.end_time is not None:
        news["end_time"] = step_run_update.end_time
    links = outputs_of(step_run_update.outputs)
    _write_end(store, step, news, links)
    forget(step_run_id)
    versions |= {key: known(one) for key, one in made.items()}
    if has_metadata(session.connection(), step_run_id):
        return store.get_run_step(step_run_id)
    return _ended(step.response, news, _outputs_by_name(links, versions))


def leave(store: SqlZenStore, step_run_id: UUID, step_run_update: StepRunUpdate) -> None:  # noqa: ARG001 - as above
    """Leave the end of a step to ZenML: what it has made is recorded before."""
    step = begun(step_run_id)
    if step is not None:
        artifacts.record(store, step.made)
        forget(step_run_id)


def _write_end(store: SqlZenStore, step: Begun, news: dict[str, Any], outputs: list[tuple[str, UUID]]) -> None:
    def rows(connection: Connection) -> list[Any]:
        ended = connection.execute(_COMPLETE.values(**news), {"step": step.response.id})
        require(ended.rowcount == 1)
        return [*numbered(connection, step.made), *output_rows(step.response.id, outputs)]

    write(store.engine, Unit(rows))


def _run(
    connection: Connection, request: StepRunRequest
) -> Row[tuple[str, UUID | None, datetime | None, bool, bool, str]]:
    """Return what a step needs of its run, which must be going on."""
    run = connection.execute(_RUN, {"run": request.pipeline_run_id, "project": request.project}).one_or_none()
    if run is None or not run.is_dynamic or run.status not in _GOING_ON:
        raise NotPlainError
    return run


def _row(step_run: StepRunRequest, config: Step, run: Any, user: UUID) -> StepRunSchema:
    retry = config.config.retry
    row = StepRunSchema.from_request(
        step_run.model_copy(update={"user": user}),
        snapshot_id=run.snapshot_id,
        version=1,
        is_retriable=bool(retry and retry.max_retries > 0),
    )
    if config.spec.enable_heartbeat and run.enable_heartbeat:
        row.heartbeat_threshold = config.config.heartbeat_healthy_threshold
    return row


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


def _ids(*by_name: dict[str, list[UUID]]) -> Iterable[UUID]:
    return (key for names in by_name for ids in names.values() for key in ids)


def _versions(session: Session, ids: Iterable[UUID], project: UUID) -> dict[UUID, ArtifactVersionResponse]:
    wanted = set(ids)
    versions = versions_of(session, wanted, project)
    require(len(versions) == len(wanted))
    return versions


def _outputs_by_name(
    links: Iterable[tuple[str, UUID]], artifacts: dict[UUID, ArtifactVersionResponse]
) -> dict[str, list[ArtifactVersionResponse]]:
    outputs: dict[str, list[ArtifactVersionResponse]] = {}
    for name, key in links:
        outputs.setdefault(name, []).append(artifacts[key])
    return outputs


def _ended(
    response: StepRunResponse, news: dict[str, Any], outputs: dict[str, list[ArtifactVersionResponse]]
) -> StepRunResponse:
    """Return what is told of a step that has ended, which is what was told of it and what is new."""
    return StepRunResponse(
        id=response.id,
        name=response.name,
        body=response.get_body().model_copy(update={**news, "status": ExecutionStatus.COMPLETED}),
        metadata=response.get_metadata(),
        resources=response.get_resources().model_copy(update={"outputs": outputs}),
    )


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
            parent_step_ids=links.parents,
        ),
        resources=StepRunResponseResources(
            user=user,
            log_collection=[log.to_model() for log in written.logs],
            inputs=inputs_by_name(links.inputs, artifacts),
            outputs=_outputs_by_name(links.outputs, artifacts),
        ),
    )
