"""Metadata, artifacts and progress of the code that is running."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from zenml import get_step_context
from zenml.artifacts.utils import save_artifact
from zenml.client import Client
from zenml.constants import TEXT_FIELD_MAX_LENGTH
from zenml.enums import ArtifactType, MetadataResourceTypes
from zenml.execution.pipeline.dynamic.run_context import DynamicPipelineRunContext
from zenml.metadata.metadata_types import DType, Path, StorageSize, Uri
from zenml.models import RunMetadataResource

from kitaru._core.code import scope
from kitaru._core.process.event import Event, Kind
from kitaru._core.process.recent import Recent
from kitaru._core.records.metadata import NotMetadataError, as_metadata
from kitaru._zenml.door.store import translated
from kitaru._zenml.records.events import tell, warn
from kitaru._zenml.values.values import storable
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

# What ZenML shows in its own way: links, paths, sizes.
_OF_ZENML = (Uri, Path, DType, StorageSize)
OWN_PREFIX = "kitaru_"
SAVED_KEY = "kitaru_saved"
PROGRESS_KEY = "kitaru_progress"
# Seconds between two reports of progress that reach the store; the log has them all.
_PROGRESS_INTERVAL = 0.5

_merging = threading.Lock()
_reported: Recent[UUID, None] = Recent(_PROGRESS_INTERVAL)


def log_metadata(metadata: Mapping[str, Any]) -> None:
    """Record metadata with the running checkpoint, else with the execution; of what cannot be recorded the log tells."""
    recorded = {}
    for name, value in metadata.items():
        if name.startswith(OWN_PREFIX):
            raise KitaruUsageError(f"kitaru.log({name}=...): names that begin with {OWN_PREFIX!r} are Kitaru's own.")
        try:
            recorded[name] = value if isinstance(value, _OF_ZENML) else _recordable(value)
        except NotMetadataError as error:
            warn(
                f"kitaru.log({name}=...) has recorded nothing: the value is {error}, which metadata cannot hold. Leave it "
                f"out, convert it, or store it with kitaru.save({name!r}, ...)."
            )
    if recorded:
        _merge(_here(), recorded)


def _recordable(value: Any) -> Any:
    plain = as_metadata(value)
    if plain is None:
        raise NotMetadataError("None")
    if len(json.dumps(plain)) > TEXT_FIELD_MAX_LENGTH:
        raise NotMetadataError(f"more than {TEXT_FIELD_MAX_LENGTH:,} characters of JSON")
    return plain


def save_value(name: str, value: Any, *, type_: str | None, tags: Sequence[str]) -> None:
    """Store a value, and note its artifact with the checkpoint or execution.

    A cached step gets the metadata of the step it repeats, so that what that one saved is found there as well.
    """
    kind = _artifact_type(type_)
    stored = storable(value, f"The value of kitaru.save({name!r}, ...)")
    with translated(f"storing the value of kitaru.save({name!r}, ...)"):
        artifact = save_artifact(stored, name=name, artifact_type=kind, tags=[str(tag) for tag in tags])
    _merge(_here(), {SAVED_KEY: {name: str(artifact.id)}})


def report_progress(message: str, fraction: float | None) -> None:
    """Say how far the running code has come, in the log and, not too often, in the store."""
    place = scope.current_checkpoint()
    share = f" ({fraction:.0%})" if fraction is not None else ""
    name = place.name if place else None
    text = f"{f'checkpoint {name}: ' if place else ''}{message}{share}"
    tell(Event(Kind.PROGRESS, text, checkpoint=name, message=f"{message}{share}"))
    here = _here()
    if fraction == 1 or _reported.find(here.id) is None:
        _reported.put(here.id, None)
        write_metadata(here, {PROGRESS_KEY: {"message": message, "fraction": fraction}}, inherited=False)


def _merge(resource: RunMetadataResource, metadata: Mapping[str, Any]) -> None:
    with _merging:
        merged = dict(metadata)
        if any(isinstance(value, dict) for value in metadata.values()):
            before = _read(resource)
            for name, value in metadata.items():
                if isinstance(value, dict) and isinstance(before.get(name), dict):
                    merged[name] = {**before[name], **value}
        write_metadata(resource, merged)


def _read(resource: RunMetadataResource) -> dict[str, Any]:
    store = Client().zen_store
    with translated("reading metadata"):
        if resource.type == MetadataResourceTypes.STEP_RUN:
            return dict(store.get_run_step(resource.id, hydrate=True).run_metadata)
        return dict(store.get_run(resource.id, hydrate=True).run_metadata)


def write_metadata(resource: RunMetadataResource, metadata: dict[str, Any], *, inherited: bool = True) -> None:
    """Record metadata; ZenML gives cached steps what a step has published of itself, and nothing else."""
    publisher = resource.id if inherited and resource.type == MetadataResourceTypes.STEP_RUN else None
    with translated("recording metadata"):
        Client().create_run_metadata(metadata=metadata, resources=[resource], publisher_step_id=publisher)


def _here() -> RunMetadataResource:
    if scope.current_checkpoint() is not None:
        return RunMetadataResource(id=get_step_context().step_run.id, type=MetadataResourceTypes.STEP_RUN)
    return _execution()


def _execution() -> RunMetadataResource:
    context = DynamicPipelineRunContext.get()
    run_id = context.run.id if context is not None else get_step_context().pipeline_run.id
    return RunMetadataResource(id=run_id, type=MetadataResourceTypes.PIPELINE_RUN)


def _artifact_type(name: str | None) -> ArtifactType | None:
    if name is None:
        return None
    known = {kind.name.lower(): kind for kind in ArtifactType}
    if name.lower() not in known:
        raise KitaruUsageError(f"kitaru.save(type={name!r}): the types are {', '.join(sorted(known))}.")
    return known[name.lower()]
