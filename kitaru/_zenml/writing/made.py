"""An artifact version that is stored and not yet recorded, and its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select
from sqlmodel import col
from zenml.models import ArtifactVersionResponseMetadata, ArtifactVersionResponseResources
from zenml.zen_stores.schemas import ArtifactSchema, ArtifactVersionSchema, ArtifactVisualizationSchema

from kitaru._zenml.records.versions import keep_version
from kitaru._zenml.writing.plain import require

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from zenml.models import ArtifactVersionResponse, UserResponse

_FOUND = select(
    *map(
        col,
        (
            ArtifactSchema.id,
            ArtifactSchema.user_id,
            ArtifactSchema.has_custom_name,
            ArtifactSchema.created,
            ArtifactSchema.updated,
        ),
    ),
    select(func.max(col(ArtifactVersionSchema.version_number)))
    .where(col(ArtifactVersionSchema.artifact_id) == col(ArtifactSchema.id))
    .scalar_subquery()
    .label("latest"),
).where(col(ArtifactSchema.name) == bindparam("name"), col(ArtifactSchema.project_id) == bindparam("project"))


@dataclass
class Made:
    """An artifact version that is stored, with the rows that are to be written of it."""

    version: ArtifactVersionSchema
    artifact: ArtifactSchema
    others: list[Any]
    metadata: dict[str, Any]
    user: UserResponse
    is_first: bool = True

    def number(self, connection: Connection) -> None:
        """Give it the number after the latest of its artifact: it stays right where nobody else can write.

        Raises:
            NotPlainError: The artifact would be another one's by its name, which ZenML changes.
        """
        artifact, version = self.artifact, self.version
        found = connection.execute(_FOUND, {"name": artifact.name, "project": artifact.project_id}).one_or_none()
        self.is_first = found is None
        if found is not None:
            require(found.has_custom_name or not artifact.has_custom_name)
            artifact.id, artifact.user_id, artifact.has_custom_name = found.id, found.user_id, found.has_custom_name
            artifact.created, artifact.updated = found.created, found.updated
        version.artifact_id = artifact.id
        version.version_number = int(found.latest or 0) + 1 if found is not None else 1
        version.version = str(version.version_number)

    def rows(self) -> list[Any]:
        """Return its rows, once it has its number."""
        return [*([self.artifact] if self.is_first else []), self.version, *self.others]

    def response(self) -> ArtifactVersionResponse:
        """Return what ZenML would tell of it."""
        response = self.version.to_model()
        pictures = [row.to_model() for row in self.others if isinstance(row, ArtifactVisualizationSchema)]
        response.metadata = ArtifactVersionResponseMetadata(visualizations=pictures, run_metadata=self.metadata)
        response.resources = ArtifactVersionResponseResources(user=self.user, tags=[])
        return response


def numbered(connection: Connection, made: list[Made]) -> list[Any]:
    """Give artifact versions their numbers and return their rows."""
    for one in made:
        one.number(connection)
    return [row for one in made for row in one.rows()]


def known(made: Made) -> ArtifactVersionResponse:
    """Take note that an artifact version is recorded, and return what is told of it by its rows alone."""
    response = made.version.to_model()
    keep_version(response)
    return response
