"""The rows of what a step returns: artifact, version, visualizations and metadata."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select
from sqlmodel import col
from zenml.constants import TEXT_FIELD_MAX_LENGTH
from zenml.enums import MetadataResourceTypes
from zenml.metadata.metadata_types import get_metadata_type
from zenml.models import (
    ArtifactRequest,
    ArtifactVersionResponseMetadata,
    ArtifactVersionResponseResources,
    RunMetadataRequest,
    RunMetadataResource,
)
from zenml.utils.json_utils import pydantic_encoder
from zenml.zen_stores.schemas import (
    ArtifactSchema,
    ArtifactVersionSchema,
    ArtifactVisualizationSchema,
    RunMetadataResourceSchema,
    RunMetadataSchema,
)

from kitaru._zenml.door.private import active_user
from kitaru._zenml.records.versions import keep_version
from kitaru._zenml.writing.begun import running
from kitaru._zenml.writing.plain import NotPlainError, require
from kitaru._zenml.writing.units import Unit, write

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session
    from zenml.models import ArtifactVersionRequest, ArtifactVersionResponse, UserResponse
    from zenml.zen_stores.sql_zen_store import SqlZenStore

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


def create(
    store: SqlZenStore, session: Session, artifact_versions: list[ArtifactVersionRequest]
) -> list[ArtifactVersionResponse]:
    """Write artifact versions, as ``SqlZenStore.batch_create_artifact_versions``.

    The outputs of a step are written in the transaction of its end, unless its hooks may look for them before.

    Raises:
        NotPlainError: One has a version or tags of its own, or metadata that ZenML would leave out.
    """
    user = active_user(store, session)
    made = [_made(request, user) for request in artifact_versions]
    step = running()
    if step is None:
        record(store, made)
    else:
        numbered(session.connection(), made)  # as it looks now; what counts is found at the end
        step.made.extend(made)
    return [one.response() for one in made]


def record(store: SqlZenStore, made: list[Made]) -> None:
    """Write artifact versions now."""
    if made:
        write(store.engine, Unit(lambda connection: numbered(connection, made)))
        for one in made:
            known(one)


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


def _made(request: ArtifactVersionRequest, user: UserResponse) -> Made:
    name = request.artifact_name
    require(name and request.artifact_id is None and request.version is None and not request.tags)
    assert name is not None
    own = ArtifactRequest(name=name, project=request.project, has_custom_name=request.has_custom_name, user=user.id)
    artifact = ArtifactSchema.from_request(own)
    told = {"user": user.id, "artifact_id": artifact.id, "version": "1"}
    row = ArtifactVersionSchema.from_request(request.model_copy(update=told))
    row.artifact = artifact
    pictures = [
        ArtifactVisualizationSchema.from_model(artifact_visualization_request=picture, artifact_version_id=row.id)
        for picture in request.visualizations or ()
    ]
    entries, metadata = _metadata(row, request)
    return Made(row, artifact, [*pictures, *entries], metadata, user)


def _metadata(row: ArtifactVersionSchema, request: ArtifactVersionRequest) -> tuple[list[Any], dict[str, Any]]:
    """Return the rows of a version's metadata, and the metadata as it reads from them."""
    values = request.metadata or {}
    try:
        types = {key: get_metadata_type(value) for key, value in values.items()}
    except ValueError:
        raise NotPlainError from None
    require(all(len(json.dumps(value)) <= TEXT_FIELD_MAX_LENGTH for value in values.values()))
    resource = RunMetadataResource(id=row.id, type=MetadataResourceTypes.ARTIFACT_VERSION)
    checked = RunMetadataRequest(
        project=request.project, resources=[resource], values=values, types=types, user=row.user_id
    )
    texts = {key: json.dumps(value, default=pydantic_encoder) for key, value in checked.values.items()}
    rows: list[Any] = []
    for key, text in texts.items():
        entry = RunMetadataSchema(
            project_id=checked.project, user_id=checked.user, key=key, value=text, type=checked.types[key]
        )
        link = RunMetadataResourceSchema(
            resource_id=row.id, resource_type=resource.type.value, run_metadata_id=entry.id
        )
        rows += (entry, link)
    return rows, {key: json.loads(text) for key, text in texts.items()}
