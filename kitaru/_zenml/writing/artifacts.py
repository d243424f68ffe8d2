"""The rows of what a step returns: artifact, version, visualizations and metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
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
    StackComponentSchema,
)

from kitaru._zenml.door.private import active_user
from kitaru._zenml.records.versions import keep_version
from kitaru._zenml.writing.plain import NotPlainError, require, require_known

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session
    from zenml.models import ArtifactVersionRequest, ArtifactVersionResponse, UserResponse
    from zenml.zen_stores.sql_zen_store import SqlZenStore


def create(
    store: SqlZenStore, session: Session, artifact_versions: list[ArtifactVersionRequest]
) -> list[ArtifactVersionResponse]:
    """Write artifact versions, in one transaction; as ``SqlZenStore.batch_create_artifact_versions``.

    Raises:
        NotPlainError: One has a version or tags of its own, or metadata that ZenML would leave out.
    """
    user = active_user(store, session)
    responses = [_create_one(session, request, user) for request in artifact_versions]
    session.commit()
    for response in responses:
        keep_version(type(response)(id=response.id, body=response.body))
    return responses


def _create_one(session: Session, request: ArtifactVersionRequest, user: UserResponse) -> ArtifactVersionResponse:
    require(request.artifact_name and request.artifact_id is None and request.version is None and not request.tags)
    require_known(session, StackComponentSchema, request.artifact_store_id)
    artifact = _artifact(session, request, user.id)
    latest = select(func.max(col(ArtifactVersionSchema.version_number))).where(
        col(ArtifactVersionSchema.artifact_id) == artifact.id
    )
    number = int(session.scalar(latest) or 0) + 1
    own = {"user": user.id, "artifact_id": artifact.id, "version": str(number)}
    row = ArtifactVersionSchema.from_request(request.model_copy(update=own))
    row.artifact = artifact
    pictures = [
        ArtifactVisualizationSchema.from_model(artifact_visualization_request=picture, artifact_version_id=row.id)
        for picture in request.visualizations or ()
    ]
    session.add(row)
    session.add_all(pictures)
    metadata = _add_metadata(session, row, request)
    response = row.to_model()
    response.metadata = ArtifactVersionResponseMetadata(
        visualizations=[picture.to_model() for picture in pictures], run_metadata=metadata
    )
    response.resources = ArtifactVersionResponseResources(user=user, tags=[])
    return response


def _artifact(session: Session, request: ArtifactVersionRequest, user: UUID) -> ArtifactSchema:
    is_it = col(ArtifactSchema.name) == request.artifact_name, col(ArtifactSchema.project_id) == request.project
    artifact: ArtifactSchema | None = session.scalar(select(ArtifactSchema).where(*is_it))
    if artifact is None:
        assert request.artifact_name is not None
        made = ArtifactRequest(
            name=request.artifact_name, project=request.project, has_custom_name=request.has_custom_name, user=user
        )
        artifact = ArtifactSchema.from_request(made)
        session.add(artifact)
    require(artifact.has_custom_name or not request.has_custom_name)
    return artifact


def _add_metadata(session: Session, row: ArtifactVersionSchema, request: ArtifactVersionRequest) -> dict[str, Any]:
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
    for key, text in texts.items():
        entry = RunMetadataSchema(
            project_id=checked.project, user_id=checked.user, key=key, value=text, type=checked.types[key]
        )
        link = RunMetadataResourceSchema(
            resource_id=row.id, resource_type=resource.type.value, run_metadata_id=entry.id
        )
        session.add_all((entry, link))
    return {key: json.loads(text) for key, text in texts.items()}
