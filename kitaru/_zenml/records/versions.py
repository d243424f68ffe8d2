"""Artifact versions of a local store, by few queries and each once: steps share what they are given."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlmodel import col
from zenml.enums import StepRunInputArtifactType
from zenml.models.v2.core.step_run import StepRunInputResponse
from zenml.zen_stores.schemas import ArtifactVersionSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session
    from zenml.models import ArtifactVersionResponse

V = TypeVar("V")

# How many variables a statement gets at most: SQLite takes 32,766, and before 3.32 it took 999.
_BATCH = 900


class Kept(Generic[V]):
    """What is known by id, the latest entries only; threads may share it."""

    def __init__(self, most: int) -> None:
        """Begin with none.

        Args:
            most: How many entries are kept.
        """
        self._most = most
        self._entries: OrderedDict[UUID, V] = OrderedDict()
        self._lock = Lock()

    def put(self, key: UUID, value: V) -> None:
        """Keep an entry, in place of the oldest where there are too many."""
        with self._lock:
            self._entries[key] = value
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def get(self, key: UUID) -> V | None:
        """Return an entry, if it is still kept."""
        return self._entries.get(key)

    def take(self, key: UUID) -> V | None:
        """Return an entry, if it is still kept, and keep it no longer."""
        with self._lock:
            return self._entries.pop(key, None)


class InputLink(NamedTuple):
    """How a step's run is linked with an input: the columns of ZenML's row."""

    name: str
    type: str
    input_index: int
    chunk_index: int | None
    chunk_size: int | None
    artifact_id: UUID


# Nothing that ZenML tells of a version without its metadata and tags ever changes.
_versions: Kept[ArtifactVersionResponse] = Kept(2000)


def keep_version(version: ArtifactVersionResponse) -> None:
    """Keep what is told of an artifact version without its metadata and tags."""
    _versions.put(version.id, version)


def versions_of(
    session: Session, ids: Iterable[UUID], project: UUID | None = None
) -> dict[UUID, ArtifactVersionResponse]:
    """Return artifact versions by id, without their metadata and tags; those that are not there are left out.

    Args:
        session: The session.
        ids: Their ids.
        project: The project that they must be in; None for any.
    """
    known: dict[UUID, ArtifactVersionResponse | None] = {}
    for batch in batches(list(dict.fromkeys(ids))):
        there = select(col(ArtifactVersionSchema.id)).where(col(ArtifactVersionSchema.id).in_(batch))
        if project is not None:
            there = there.where(col(ArtifactVersionSchema.project_id) == project)
        known |= {key: _versions.get(key) for key in session.scalars(there)}
    for batch in batches([key for key, version in known.items() if version is None]):
        rows = select(ArtifactVersionSchema).where(col(ArtifactVersionSchema.id).in_(batch))
        for row in session.scalars(rows.options(selectinload(ArtifactVersionSchema.artifact))):  # type: ignore[arg-type]
            version = row.to_model()
            known[row.id] = version
            keep_version(version)
    return {key: version for key, version in known.items() if version is not None}


def inputs_by_name(
    links: Iterable[InputLink], versions: Mapping[UUID, ArtifactVersionResponse]
) -> dict[str, list[StepRunInputResponse]]:
    """Return the inputs of a step from its rows, each name's in their order."""
    inputs: dict[str, list[StepRunInputResponse]] = {}
    for link in sorted(links, key=lambda link: link.input_index or 0):
        one = StepRunInputResponse(
            id=link.artifact_id,
            body=versions[link.artifact_id].body,
            input_type=StepRunInputArtifactType(link.type),
            index=link.input_index,
            chunk_index=link.chunk_index,
            chunk_size=link.chunk_size,
        )
        inputs.setdefault(link.name, []).append(one)
    return inputs


def batches(values: Sequence[V]) -> Iterator[Sequence[V]]:
    """Return values in parts, of which each fits into a statement."""
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
