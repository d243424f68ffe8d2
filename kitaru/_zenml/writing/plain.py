"""What the writers share: when they leave something to ZenML, and what they look up."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlmodel import col
from zenml.zen_stores.schemas import ArtifactVersionSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from sqlalchemy.orm import Session
    from zenml.models import ArtifactVersionResponse

V = TypeVar("V")

# How many variables a statement gets at most; SQLite takes 32,766.
_BATCH = 5000


class NotPlainError(Exception):
    """What is to be written is left to ZenML, before anything is."""


def require(condition: object) -> None:
    """Leave it to ZenML unless a condition holds.

    Raises:
        NotPlainError: It does not hold.
    """
    if not condition:
        raise NotPlainError


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


# Nothing that ZenML tells of a version without its metadata and tags ever changes.
_versions: Kept[ArtifactVersionResponse] = Kept(2000)


def keep_version(version: ArtifactVersionResponse) -> None:
    """Keep what is told of an artifact version without its metadata."""
    _versions.put(version.id, version)


def versions_of(session: Session, ids: Iterable[UUID], project: UUID) -> dict[UUID, ArtifactVersionResponse]:
    """Return artifact versions by id.

    Raises:
        NotPlainError: One is not in the project.
    """
    wanted = list(dict.fromkeys(ids))
    known: dict[UUID, ArtifactVersionResponse | None] = {}
    for batch in _batches(wanted):
        is_one = col(ArtifactVersionSchema.id).in_(batch), col(ArtifactVersionSchema.project_id) == project
        known |= {
            key: _versions.get(key) for key in session.scalars(select(col(ArtifactVersionSchema.id)).where(*is_one))
        }
    require(len(known) == len(wanted))
    for batch in _batches([key for key, version in known.items() if version is None]):
        rows = select(ArtifactVersionSchema).where(col(ArtifactVersionSchema.id).in_(batch))
        for row in session.scalars(rows.options(selectinload(ArtifactVersionSchema.artifact))):  # type: ignore[arg-type]
            version = row.to_model()
            known[row.id] = version
            keep_version(version)
    return {key: version for key, version in known.items() if version is not None}


def _batches(ids: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def require_known(session: Session, schema: Any, key: UUID | None, project: UUID | None = None) -> None:
    """See that what is referred to is there.

    Args:
        session: The session.
        schema: Its class.
        key: Its id; where there is none, nothing is referred to.
        project: The project that it must be in.

    Raises:
        NotPlainError: It is not.
    """
    if key is None:
        return
    row = select(schema.id).where(schema.id == key)
    require(session.scalar(row if project is None else row.where(schema.project_id == project)))
