"""The rows of what a step returns: artifact, version, visualizations and metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zenml.constants import TEXT_FIELD_MAX_LENGTH
from zenml.enums import MetadataResourceTypes
from zenml.metadata.metadata_types import get_metadata_type
from zenml.models import (
    ArtifactRequest,
    RunMetadataRequest,
    RunMetadataResource,
)
from zenml.utils.json_utils import pydantic_encoder
from zenml.zen_stores.schemas import (
    ArtifactSchema,
    ArtifactVersionSchema,
    ArtifactVisualizationSchema,
    RunMetadataSchema,
)

from kitaru._zenml.door.private import active_user
from kitaru._zenml.writing.begun import running
from kitaru._zenml.writing.links import metadata_row
from kitaru._zenml.writing.made import Made, known, numbered
from kitaru._zenml.writing.plain import NotPlainError, require
from kitaru._zenml.writing.units import Unit, write

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from zenml.models import ArtifactVersionRequest, ArtifactVersionResponse, UserResponse
    from zenml.zen_stores.sql_zen_store import SqlZenStore


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


def create_one(
    store: SqlZenStore, session: Session, artifact_version: ArtifactVersionRequest
) -> ArtifactVersionResponse:
    """Write an artifact version that is no output of a step, as ``SqlZenStore.create_artifact_version``.

    Raises:
        NotPlainError: As of :func:`create`.
    """
    made = _made(artifact_version, active_user(store, session))
    record(store, [made])
    return made.response()


def record(store: SqlZenStore, made: list[Made]) -> None:
    """Write artifact versions now."""
    if made:
        write(store.engine, Unit(lambda connection: numbered(connection, made)))
        for one in made:
            known(one)


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
        rows += (entry, metadata_row(row.id, resource.type.value, entry.id))
    return rows, {key: json.loads(text) for key, text in texts.items()}
