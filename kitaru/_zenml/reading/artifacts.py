"""The stored values of executions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from zenml.client import Client
from zenml.enums import ArtifactSaveType

from kitaru._core.code.imported import Imported
from kitaru._core.code.modules import alias_main
from kitaru._core.records.executions import Artifact
from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.records import records
from kitaru._zenml.records.tracking import SAVED_KEY
from kitaru._zenml.values.values import Pickled
from kitaru.errors import KitaruBackendError, KitaruError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zenml.models import ArtifactVersionResponse, PipelineRunResponse, StepRunResponse

    from kitaru._core.records.executions import ArtifactKind

_PICKLED: Final = f"{Pickled.__module__}.{Pickled.__qualname__}"
_AT_ONCE: Final = 100  # ids in one question, which becomes a URL
_RESULT: Final = "kitaru_result_"  # what the names of stored results of flows begin with


def artifacts_of(run: PipelineRunResponse, steps: Sequence[StepRunResponse]) -> tuple[Artifact, ...]:
    """Return the stored values of a run: outputs and inputs of its checkpoints, what was saved, and the result."""
    artifacts = tuple(_artifacts_of(run, steps))
    types = _pickled_types([artifact.id for artifact in artifacts if artifact.type == _PICKLED])
    return tuple(artifact.model_copy(update={"type": types.get(artifact.id, artifact.type)}) for artifact in artifacts)


def _pickled_types(ids: Sequence[str]) -> dict[str, str]:
    """Return the types of values that are stored as a pickle, which ZenML knows as such; asked for many at once."""
    types = {}
    for start in range(0, len(ids), _AT_ONCE):
        chunk = json.dumps(ids[start : start + _AT_ONCE])
        versions = Client().list_artifact_versions(id=f"oneof:{chunk}", size=_AT_ONCE, hydrate=True)
        for version in versions.items:
            types[str(version.id)] = _type_of(version)
    return types


def _type_of(version: ArtifactVersionResponse) -> str:
    """Return the import path of a value's type."""
    recorded: str = version.data_type.import_path
    if recorded != _PICKLED:
        return recorded
    inside = str(version.run_metadata.get("python_type") or recorded)
    return inside if "." in inside else f"builtins.{inside}"


def _artifacts_of(run: PipelineRunResponse, steps: Sequence[StepRunResponse]) -> Iterator[Artifact]:
    produced: set[UUID] = set()
    for step in steps:
        outputs = _outputs(step)
        produced |= {output.id for output in outputs.values()}
        for name, output in outputs.items():
            label = step.name if len(outputs) == 1 and name == "output" else f"{step.name}.{name}"
            yield _artifact(output, label, "output", step.name)
    for step in steps:
        inputs = [(name, value) for name, values in step.regular_inputs.items() for value in values]
        yield from (_artifact(value, name, "input", step.name) for name, value in inputs if value.id not in produced)
    for name, (saved, checkpoint) in _saved(run, steps).items():
        yield _artifact(Client().get_artifact_version(UUID(saved)), name, "saved", checkpoint)
    for result in run.outputs.values():
        if result.id not in produced:
            yield _artifact(result, "result", "result", None)


def get_artifact(artifact_id: str) -> Artifact:
    """Return an artifact by its id; its name is ZenML's, its kind that of its making: it may be in several executions.

    Raises:
        KitaruUsageError: There is none.
    """
    version = _version(artifact_id)
    return _artifact(version, version.name, _kind_of(version), None).model_copy(update={"type": _type_of(version)})


def _kind_of(version: ArtifactVersionResponse) -> ArtifactKind:
    if version.save_type == ArtifactSaveType.STEP_OUTPUT:
        return "output"
    if version.save_type == ArtifactSaveType.EXTERNAL:  # made by the flow's body
        return "result" if version.name.startswith(_RESULT) else "input"
    return "saved"


def load_value(artifact_id: str) -> Any:
    """Load an artifact's value.

    Raises:
        KitaruUsageError: There is no such artifact.
        KitaruBackendError: It cannot be loaded here.
    """
    return _load(_version(artifact_id), f"artifact {artifact_id}")


def load_named(exec_id: str, name: str) -> Any:
    """Load what an execution saved under a name, or what its checkpoint call of that name returned."""
    from kitaru._zenml.records.runs import find_run

    run = find_run(exec_id)
    with translated(f"reading execution {exec_id}"):
        started = records.latest_steps(run.id, hydrate=True)
        saved = _saved(run, started.values())
        steps = {name: step for name, step in started.items() if step.status.is_successful}
    if name in saved:
        return load_value(saved[name][0])
    if name not in steps:
        known = sorted({*saved, *steps})
        raise KitaruUsageError(
            f"Execution {run.id} holds nothing named {name!r}.{did_you_mean(name, known)} There is: "
            f"{', '.join(known) or 'nothing yet'}."
        )
    values = [_load(output, f"{name!r} of execution {run.id}") for output in _outputs(steps[name]).values()]
    return (values[0] if values else None) if len(values) <= 1 else tuple(values)


def _outputs(step: StepRunResponse) -> dict[str, ArtifactVersionResponse]:
    """Return a step's outputs in the order in which its checkpoint returns them; the store keeps none."""
    order = list(step.config.outputs)
    outputs = step.regular_outputs
    return {
        name: outputs[name] for name in sorted(outputs, key=lambda name: order.index(name) if name in order else -1)
    }


def _saved(run: PipelineRunResponse, steps: Iterable[StepRunResponse]) -> dict[str, tuple[str, str | None]]:
    """Return what was saved by name: the artifact's id, and the checkpoint that saved it."""
    saved: dict[str, tuple[str, str | None]] = {}
    places = [*((step.run_metadata, step.name) for step in steps), (run.run_metadata, None)]
    for metadata, checkpoint in places:
        noted = metadata.get(SAVED_KEY)
        if isinstance(noted, dict):
            saved |= {name: (artifact, checkpoint) for name, artifact in noted.items()}
    return saved


def _version(artifact_id: str) -> ArtifactVersionResponse:
    client = open_client()
    try:
        with translated(f"reading artifact {artifact_id}"):
            return client.get_artifact_version(UUID(artifact_id))
    except (KeyError, ValueError) as error:
        raise KitaruUsageError(
            f"There is no artifact {artifact_id!r}. `kitaru artifacts list EXECUTION` shows those of an execution."
        ) from error


def _load(version: ArtifactVersionResponse, what: str) -> Any:
    alias_main()
    try:
        with translated(f"loading {what}"):
            return version.load()
    except KitaruError:
        raise
    except Exception as error:
        raise KitaruBackendError(
            f"The value of {what} cannot be loaded here ({type(error).__name__}: {error}). Loading needs the modules "
            f"that define its classes: start Python where the flow was started."
        ) from error


def _artifact(version: ArtifactVersionResponse, name: str, kind: ArtifactKind, checkpoint: str | None) -> Artifact:
    created: datetime = version.created
    return Artifact(
        id=str(version.id),
        name=name,
        kind=kind,
        checkpoint=checkpoint,
        type=version.data_type.import_path,
        uri=version.uri,
        created_at=created.replace(tzinfo=UTC) if created.tzinfo is None else created,
    ).read_by(Imported(__name__, load_value.__name__))
