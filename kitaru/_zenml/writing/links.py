"""The rows that link a step with its parents, its inputs and outputs, and with metadata of the step it repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

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
from kitaru._zenml.records.versions import InputLink, batches
from kitaru._zenml.writing.plain import require
from kitaru._zenml.writing.units import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
_METADATA = select(col(RunMetadataResourceSchema.resource_type), col(RunMetadataResourceSchema.run_metadata_id)).where(
    col(RunMetadataResourceSchema.run_metadata_id) == col(RunMetadataSchema.id),
    *_of_step,
    col(RunMetadataSchema.publisher_step_id) == bindparam("step"),
)
_HAS_METADATA = select(col(RunMetadataResourceSchema.id)).where(*_of_step).limit(1)


@dataclass(frozen=True)
class Links:
    """What a step's run is linked with."""

    parents: list[UUID]
    inputs: list[InputLink]
    outputs: list[tuple[str, UUID]]
    metadata: list[tuple[str, UUID]]

    def rows(self, step_id: UUID) -> list[Row]:
        """Return them as rows."""
        return [
            *(Row(StepRunParentsSchema, {"child_id": step_id, "parent_id": parent}) for parent in self.parents),
            *(_input_row(step_id, link) for link in self.inputs),
            *output_rows(step_id, self.outputs),
            *(metadata_row(step_id, kind, key) for kind, key in self.metadata),
        ]


def output_rows(step_id: UUID, outputs: Iterable[tuple[str, UUID]]) -> list[Row]:
    """Return the links of a step's outputs as rows."""
    return [
        Row(StepRunOutputArtifactSchema, {"step_id": step_id, "artifact_id": key, "name": name})
        for name, key in outputs
    ]


def _input_row(step_id: UUID, link: InputLink) -> Row:
    values = {
        "step_id": step_id,
        "artifact_id": link.artifact_id,
        "name": link.name,
        "type": link.type,
        "input_index": link.input_index,
        "chunk_index": link.chunk_index,
        "chunk_size": link.chunk_size,
    }
    return Row(_input, values)


def metadata_row(resource_id: UUID, resource_type: str, metadata_id: UUID) -> Row:
    """Return the link of a piece of metadata with what it tells of."""
    values = {"id": uuid4(), "resource_id": resource_id, "resource_type": resource_type, "run_metadata_id": metadata_id}
    return Row(RunMetadataResourceSchema, values)


def links_of(store: SqlZenStore, connection: Connection, request: StepRunRequest, config: Step) -> Links:
    """Return what a step's run is linked with as it begins.

    Raises:
        NotPlainError: A step of its name has begun in the run, a parent has not or several times, or an input is not told.
    """
    names = set(config.spec.upstream_steps)
    known = _named(connection, request.pipeline_run_id, [request.name, *names])
    require(request.name not in (name for name, _ in known))
    require(sorted(name for name, _ in known) == sorted(names))  # one each: of several attempts ZenML takes the first
    parents, outputs = [parent for _, parent in known], outputs_of(request.outputs)
    original = request.original_step_run_id
    if original is None:
        return Links(parents, _inputs(store, request, config), outputs, [])
    again = _inputs_again(connection, request, original)
    return Links(parents, again, outputs, _metadata_again(connection, original))


def outputs_of(outputs: dict[str, list[UUID]]) -> list[tuple[str, UUID]]:
    """Return the outputs of a step, each with the first of its names."""
    names = {key: name for name, ids in reversed(outputs.items()) for key in reversed(ids)}
    return [(name, key) for key, name in names.items()]


def has_metadata(connection: Connection, step_id: UUID) -> bool:
    """Whether metadata was recorded of a step's run."""
    return connection.execute(_HAS_METADATA, {"step": step_id}).first() is not None


def _named(connection: Connection, run_id: UUID, names: Sequence[str]) -> list[tuple[str, UUID]]:
    parts = (connection.execute(_NAMED, {"run": run_id, "names": list(part)}) for part in batches(names))
    return [(name, key) for part in parts for name, key in part]


def _inputs(store: SqlZenStore, request: StepRunRequest, config: Step) -> list[InputLink]:
    links: dict[tuple[object, ...], InputLink] = {}
    for name, ids in request.inputs.items():
        kind = input_type(store, name, config)
        for index, key in enumerate(ids):
            place: tuple[int, int | None, int | None] = (0, None, None)
            if kind == StepRunInputArtifactType.STEP_OUTPUT:
                part = config.spec.normalized_inputs[name][index]
                place = (index, part.chunk_index, part.chunk_size)
            # That a value was loaded by hand more than once is not recorded.
            once = (name, key) if kind == StepRunInputArtifactType.MANUAL else (name, key, len(links))
            links.setdefault(once, InputLink(name, kind.value, *place, key))
    return list(links.values())


def _inputs_again(connection: Connection, request: StepRunRequest, original: UUID) -> list[InputLink]:
    """Return the inputs of a step that was found in the cache: what was loaded by hand is in its original only."""
    rows = connection.execute(_INPUTS, {"step": original}).all()
    known = {(row.name, row.artifact_id): row for row in rows}
    wanted = [(name, key) for name, ids in request.inputs.items() for key in ids]
    require(len(known) == len(rows) and len(set(wanted)) == len(wanted) and known.keys() >= set(wanted))
    found = [known[one] for one in wanted]
    return [
        InputLink(row.name, row.type, row.input_index or 0, row.chunk_index, row.chunk_size, row.artifact_id)
        for row in found
    ]


def _metadata_again(connection: Connection, original: UUID) -> list[tuple[str, UUID]]:
    rows = connection.execute(_METADATA, {"step": original})
    return [(kind, key) for kind, key in rows]
