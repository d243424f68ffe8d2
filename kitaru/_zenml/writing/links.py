"""The rows that link a step with its parents, its inputs and outputs, and with metadata of the step it repeats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select
from sqlmodel import col
from zenml.enums import MetadataResourceTypes, StepRunInputArtifactType
from zenml.zen_stores.schemas import (
    RunMetadataResourceSchema,
    RunMetadataSchema,
    StepRunInputArtifactSchema,
    StepRunOutputArtifactSchema,
    StepRunParentsSchema,
    StepRunSchema,
)

from kitaru._zenml.door.private import input_type
from kitaru._zenml.records.versions import batches
from kitaru._zenml.writing.plain import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection
    from zenml.config.step_configurations import Step
    from zenml.models import StepRunRequest
    from zenml.zen_stores.sql_zen_store import SqlZenStore

_NAMED = select(col(StepRunSchema.name), col(StepRunSchema.id)).where(
    col(StepRunSchema.pipeline_run_id) == bindparam("run"),
    col(StepRunSchema.name).in_(bindparam("names", expanding=True)),
)
_input = StepRunInputArtifactSchema
_INPUTS = select(
    *map(col, (_input.name, _input.artifact_id, _input.type, _input.input_index, _input.chunk_index, _input.chunk_size))
).where(col(_input.step_id) == bindparam("step"))
_of_step = (
    col(RunMetadataResourceSchema.resource_id) == bindparam("step"),
    col(RunMetadataResourceSchema.resource_type) == MetadataResourceTypes.STEP_RUN,
)
_METADATA = select(
    col(RunMetadataResourceSchema.resource_type), col(RunMetadataResourceSchema.run_metadata_id)
).where(
    col(RunMetadataResourceSchema.run_metadata_id) == col(RunMetadataSchema.id),
    *_of_step,
    col(RunMetadataSchema.publisher_step_id) == bindparam("publisher"),
)
_HAS_METADATA = select(col(RunMetadataResourceSchema.id)).where(*_of_step).limit(1)


@dataclass(frozen=True)
class Links:
    """What a step's run is linked with, as rows."""

    parents: list[StepRunParentsSchema] = field(default_factory=list)
    inputs: list[StepRunInputArtifactSchema] = field(default_factory=list)
    outputs: list[StepRunOutputArtifactSchema] = field(default_factory=list)
    metadata: list[RunMetadataResourceSchema] = field(default_factory=list)

    def all(self) -> Iterable[Any]:
        """Return all rows."""
        return (*self.parents, *self.inputs, *self.outputs, *self.metadata)


def links_of(
    store: SqlZenStore, connection: Connection, request: StepRunRequest, config: Step, step_id: UUID
) -> Links:
    """Return what a step's run is linked with as it begins.

    Raises:
        NotPlainError: A step of its name has begun in the run, a parent has not or several times, or an input is not told.
    """
    names = set(config.spec.upstream_steps)
    known = _named(connection, request.pipeline_run_id, [request.name, *names])
    require(request.name not in (name for name, _ in known))
    require(sorted(name for name, _ in known) == sorted(names))  # one each: of several attempts ZenML takes the first
    parents = [StepRunParentsSchema(child_id=step_id, parent_id=parent) for _, parent in known]
    outputs = outputs_of(step_id, request.outputs)
    original = request.original_step_run_id
    if original is None:
        return Links(parents, _inputs(store, request, config, step_id), outputs)
    again = _inputs_again(connection, request, step_id, original)
    return Links(parents, again, outputs, _metadata_again(connection, step_id, original))


def outputs_of(step_id: UUID, outputs: dict[str, list[UUID]]) -> list[StepRunOutputArtifactSchema]:
    """Return the links of a step's outputs."""
    names = {key: name for name, ids in reversed(outputs.items()) for key in reversed(ids)}  # the first name of each
    return [StepRunOutputArtifactSchema(step_id=step_id, artifact_id=key, name=name) for key, name in names.items()]


def has_metadata(connection: Connection, step_id: UUID) -> bool:
    """Whether metadata was recorded of a step's run."""
    return connection.execute(_HAS_METADATA, {"step": step_id}).first() is not None


def _named(connection: Connection, run_id: UUID, names: Sequence[str]) -> list[tuple[str, UUID]]:
    parts = (connection.execute(_NAMED, {"run": run_id, "names": list(part)}) for part in batches(names))
    return [(name, key) for part in parts for name, key in part]


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
    connection: Connection, request: StepRunRequest, step_id: UUID, original: UUID
) -> list[StepRunInputArtifactSchema]:
    """Return the inputs of a step that was found in the cache: what was loaded by hand is in its original only."""
    rows = connection.execute(_INPUTS, {"step": original}).all()
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


def _metadata_again(connection: Connection, step_id: UUID, original: UUID) -> list[RunMetadataResourceSchema]:
    rows = connection.execute(_METADATA, {"step": original, "publisher": original})
    return [
        RunMetadataResourceSchema(resource_id=step_id, resource_type=kind, run_metadata_id=key) for kind, key in rows
    ]
