"""What an execution has stored beside its record, and deleting of it what nothing else refers to."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from docker.errors import DockerException
from zenml.artifacts.utils import load_artifact_store
from zenml.client import Client
from zenml.enums import ArtifactSaveType
from zenml.models import ModelVersionArtifactFilter
from zenml.utils.pagination_utils import depaginate

from kitaru._core.process import files
from kitaru._core.process.places import runner_directory
from kitaru._zenml.records.records import extra_of
from kitaru._zenml.records.runs import TAG, exclusive
from kitaru._zenml.records.tracking import OWN_PREFIX
from kitaru._zenml.running.inputs import ARTIFACT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zenml.models import ArtifactVersionResponse, LogsResponse, PipelineRunResponse, StepRunResponse

_JOURNALS: Final = "pruning"
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PAGE: Final = 100
# How the names begin of what Kitaru stores that no step returns; each is of one version, or of one content.
_OWN_NAME: Final = "kitaru_"


@dataclass(frozen=True)
class Leftovers:
    """What is left of an execution once its record is gone, by ids and places.

    Attributes:
        exec_id: The execution.
        project: Its project: the record tells nothing of executions in other stores.
        artifacts: Stored values that it has made.
        logs: Places of its logs, each with the artifact store that it is in.
        snapshot: The snapshot that it was started from.
        build: The build of its images.
    """

    exec_id: str
    project: str
    artifacts: list[str] = field(default_factory=list)
    logs: list[list[str]] = field(default_factory=list)
    snapshot: str | None = None
    build: str | None = None

    @classmethod
    def of(cls, run: PipelineRunResponse) -> Leftovers:
        """Collect what belongs to a run."""
        steps = list(depaginate(Client().list_run_steps, pipeline_run_id=run.id, hydrate=True, size=_PAGE))
        made = [version for step in steps for version in _made_in(step)]
        made += [version for version in run.outputs.values() if version.name.startswith(_OWN_NAME)]
        ids = {str(version.id) for version in made if version.save_type != ArtifactSaveType.PREEXISTING}
        sources: list[PipelineRunResponse | StepRunResponse] = [run, *steps]
        ids |= {stored for source in sources for stored in _own_ids(source.run_metadata)}
        ids |= set(_stored_inputs(run.config.parameters or {}))
        logs = [place for source in sources for place in map(_place_of, source.log_collection or ()) if place]
        return cls(
            exec_id=str(run.id),
            project=str(run.project_id),
            artifacts=sorted(ids),
            logs=logs,
            snapshot=str(run.snapshot.id) if run.snapshot else None,
            build=str(run.build.id) if run.build else None,
        )

    @property
    def size(self) -> int:
        """Bytes of its files on this machine."""
        versions = [version for version in map(_version, self.artifacts) if version is not None]
        return sum(_size(version.uri) for version in versions) + sum(_size(place) for place, _ in self.logs)

    def note(self) -> None:
        """Write down what is to be deleted, for whoever goes on with it where this process is ended."""
        folder = _folder()
        files.make_base(folder)
        files.write(folder / f"{self.exec_id}.json", asdict(self))


@dataclass
class Removal:
    """What a clean-up has removed so far.

    Attributes:
        artifacts: How many stored values.
        kept: How many are left, as something else refers to them.
        images: Images of containers.
        bytes: Bytes of files on this machine.
    """

    artifacts: int = 0
    kept: int = 0
    images: list[str] = field(default_factory=list)
    bytes: int = 0

    def run(self) -> None:
        """Remove what executions have left whose records have been deleted, here and by clean-ups that were cut off.

        Raises:
            Exception: The first that was raised; what could not be removed stays written down.
        """
        folder = _folder()
        files.make_base(folder)
        errors: list[Exception] = []
        with files.locked(folder):  # another clean-up is let finish what it has begun
            for path in sorted(folder.glob("*.json")):
                try:
                    self._go_on(path)
                except Exception as error:  # noqa: BLE001 - an artifact store may raise anything, and there are others
                    errors.append(error)
        if errors:
            raise errors[0]

    def _go_on(self, path: Path) -> None:
        noted = files.read(path)
        if noted and noted["project"] != str(Client().active_project.id):
            return
        with exclusive():  # another clean-up may just have noted what it is about to delete
            if not noted or _exists(noted["exec_id"]):  # one was cut off before it had deleted it
                path.unlink(missing_ok=True)
                return
        self._remove(Leftovers(**noted))
        path.unlink()

    def _remove(self, left: Leftovers) -> None:
        for stored in left.artifacts:
            self._remove_artifact(stored)
        for place, store in left.logs:
            self.bytes += _size(place)
            _delete_from(store, place)
        folder = files.directory(runner_directory(), left.exec_id)
        self.bytes += _size(str(folder))
        shutil.rmtree(folder, ignore_errors=True)
        if left.snapshot is not None:
            self._remove_snapshot(UUID(left.snapshot))
        if left.build is not None:
            self._remove_build(UUID(left.build))

    def _remove_artifact(self, stored: str) -> None:
        version = _version(stored)
        if version is None:
            return
        if stored in self._referred or _is_used(version):
            self.kept += 1
            return
        size, client = _size(version.uri), Client()
        if version.artifact_store_id is not None:
            _delete_from(str(version.artifact_store_id), version.uri)
        client.zen_store.delete_artifact_version(version.id)
        self.artifacts += 1
        self.bytes += size
        if version.artifact.name.startswith(_OWN_NAME):  # of any other, somebody may be storing a version now
            client.zen_store.delete_artifact(version.artifact.id)

    @cached_property
    def _referred(self) -> set[str]:
        """The ids that the executions which are left refer to, other than as inputs and outputs of their steps."""
        referred: set[str] = set()
        for run in depaginate(Client().list_pipeline_runs, tags=[TAG], size=_PAGE, hydrate=True):
            extra = extra_of(run)
            referred |= _ids_in([run.config.parameters, run.run_metadata, extra])
            if "replay" in extra:  # its calls may refer to what those of the original have saved
                steps = depaginate(Client().list_run_steps, pipeline_run_id=run.id, size=_PAGE, hydrate=True)
                referred |= {known for step in steps for known in _ids_in(dict(step.run_metadata))}
        return referred

    def _remove_snapshot(self, snapshot: UUID) -> None:
        client = Client()
        with suppress(KeyError):
            known = client.get_snapshot(snapshot, allow_prefix_match=False)
            is_used = client.list_pipeline_runs(snapshot_id=snapshot, size=1).total
            is_used += client.list_deployments(snapshot_id=snapshot, size=1).total
            is_used += client.list_snapshots(source_snapshot_id=snapshot, named_only=False, size=1).total
            if known.name is None and known.schedule is None and not is_used:
                client.zen_store.delete_snapshot(snapshot)

    def _remove_build(self, build: UUID) -> None:
        client = Client()
        with suppress(KeyError):
            known = client.get_build(str(build))
            if client.list_snapshots(build_id=build, named_only=False, size=1).items:
                return
            images = {item.image for item in known.images.values()}
            client.zen_store.delete_build(build)
            for other in depaginate(client.list_builds, size=_PAGE, hydrate=True) if images else ():
                images -= {item.image for item in other.images.values()}
            self.images += [image for image in sorted(images) if _remove_image(image)]


def _made_in(step: StepRunResponse) -> Iterator[ArtifactVersionResponse]:
    for versions in step.outputs.values():
        yield from versions
    for inputs in step.inputs.values():  # anybody may have stored one, long before
        yield from (version for version in inputs if version.name.startswith(_OWN_NAME))


def _own_ids(metadata: Mapping[str, Any]) -> set[str]:
    """Return the ids of what Kitaru has stored for a run or a call; users may record others."""
    return _ids_in({key: value for key, value in metadata.items() if key.startswith(OWN_PREFIX)})


def _stored_inputs(parameters: Mapping[str, Any]) -> Iterator[str]:
    for value in parameters.values():
        if isinstance(value, dict) and ARTIFACT_KEY in value:
            yield str(value[ARTIFACT_KEY])


def _ids_in(data: Any) -> set[str]:
    return set(_ID.findall(json.dumps(data, default=str)))


def _place_of(logs: LogsResponse) -> list[str] | None:
    return [logs.uri, str(logs.artifact_store_id)] if logs.uri and logs.artifact_store_id else None


def _folder() -> Path:
    return runner_directory().parent / _JOURNALS


def _exists(exec_id: str) -> bool:
    try:
        Client().zen_store.get_run(UUID(exec_id), hydrate=False)
    except KeyError:
        return False
    return True


def _version(stored: str) -> ArtifactVersionResponse | None:
    try:
        return Client().zen_store.get_artifact_version(UUID(stored))
    except KeyError:  # it is the id of something else, or gone
        return None


def _is_used(version: ArtifactVersionResponse) -> bool:
    client = Client()
    if not client.list_artifact_versions(id=version.id, only_unused=True, size=1).items:
        return True
    links = ModelVersionArtifactFilter(artifact_version_id=version.id, size=1)
    return bool(client.zen_store.list_model_version_artifact_links(links).items)


def _delete_from(artifact_store: str, place: str) -> None:
    try:
        store = load_artifact_store(artifact_store)
    except KeyError:  # it is no longer registered, and with it went the way to what is in it
        return
    if store.isdir(place):
        store.rmtree(place)
    elif store.exists(place):
        store.remove(place)


def _size(place: str) -> int:
    """Return the bytes of a file or folder of this machine; 0 of what is elsewhere, or gone."""
    if "://" in place or not os.path.lexists(place):
        return 0
    path = Path(place)
    with suppress(OSError):  # somebody deletes it meanwhile
        if not path.is_dir():
            return path.stat().st_size
        return sum(entry.stat().st_size for entry in path.rglob("*") if entry.is_file())
    return 0


def _remove_image(image: str) -> bool:
    """Delete an image from this machine's engine, where there is one that has it and runs no container of it."""
    import docker

    with suppress(DockerException):
        engine = docker.from_env()
        engine.images.remove(image)
        return True
    return False
