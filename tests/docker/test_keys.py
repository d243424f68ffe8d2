"""Keys of language models, for flows in containers: they get there, and stay nowhere."""

from __future__ import annotations

import json
import tarfile
import tomllib
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.conformance.model_server import Answer, Asked, model_server
from tests.docker.conftest import BASE_IMAGE
from tests.docs.pages import blocks
from tests.traces import holders_of, in_tar, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

    from tests.conftest import Project

pytestmark = pytest.mark.docker

DELETED = 2  # as the engine tells of changes


def test_a_key_reaches_a_container_and_stays_nowhere(
    docker: Project, script: Any, engine: DockerClient, bridge: str, tmp_path: Path
) -> None:
    mark = f"sk-marked-{uuid4().hex}"
    key, wrong, own = (f"{mark}-{name}" for name in ("key", "wrong", "own"))
    docker.take("containers/talking_flows.py")
    docker.write(".env", f"OPENAI_API_KEY={mark.replace('marked', 'in-a-file')}\n")
    [extra] = blocks("toml", "docs/agents.md")
    needed = [*tomllib.loads(extra.text)["tool"]["kitaru"]["image"]["requirements"], "kitaru-pydantic-ai"]
    with model_server(answer, bridge) as server:
        environment = {"OPENAI_API_KEY": own, "OPENAI_BASE_URL": server.url, "WRONG": wrong}
        values = ["api_key=@KEY", "base_url=@OPENAI_BASE_URL"]
        docker.kitaru("secrets", "set", "creds", *values, env={**environment, "KEY": key})
        docker.kitaru("model", "register", "fast", "--model", "openai-chat:fast-model", "--secret", "creds")
        image = json.dumps({"base_image": BASE_IMAGE, "requirements": needed})
        found, stderr = script("ask_by_keys.py", KITARU_IMAGE=image, **environment)
        asked = [(one.messages[-1]["content"], one.key) for one in server.asked]

    result, told, records, logs = found
    assert result == ["<in the body>", "<inside a checkpoint>", "<by the environment>", "<by an agent>"]
    assert sorted(asked) == [
        ("be refused", wrong),
        ("be refused", wrong),
        ("by an agent", own),
        ("by the environment", own),
        ("in the body", key),
        ("inside a checkpoint", key),
    ]
    assert "Incorrect API key provided: ***" in told
    assert any("Incorrect API key provided: ***" in line for line in logs[0])
    assert any("cannot be asked" in line and "the environment" in line for line in logs[1])

    assert mark not in json.dumps([found, stderr])
    assert holders_of(mark, docker.home.path) == []  # the store, artifacts, logs, and what images were built from
    assert holders_of(mark, docker.path) == []

    # Keys in files beside the code go where the code goes, which is told once.
    assert stderr.count(".env in ") == 1
    assert {place.partition("!")[0].split("/")[-2] for place in holders_of("sk-in-a-file", docker.home.path)} == {
        "code_uploads"
    }

    containers = [of_execution(engine, record["exec_id"]) for record in records]
    for container in containers:
        assert list(within(mark, json.dumps(container.attrs).encode(), "inspect")) == []
        assert list(within(mark, container.logs(), "logs")) == []
        assert list(written_with(mark, container)) == []
    images = {image.id: image for image in engine.images.list(name="zenml") if belongs(image.tags)}
    assert {container.image.id for container in containers} <= set(images)
    for image in images.values():
        assert list(within(mark, json.dumps([image.attrs, image.history()]).encode(), "image")) == []
    assert list(layers_with(mark, engine, [container.image.id for container in containers], tmp_path)) == []


def answer(asked: Asked) -> Answer:
    question = asked.messages[-1]["content"]
    if question == "be refused":
        return Answer(f"Incorrect API key provided: {asked.key}", status=401)
    return Answer(f"<{question}>")


def of_execution(engine: DockerClient, exec_id: str) -> Container:
    """The container of an execution, which is left there when it has ended."""
    [container] = [one for one in engine.containers.list(all=True, ignore_removed=True) if exec_id in one.attrs["Args"]]
    return container


def belongs(tags: list[str]) -> bool:
    """Whether an image is one of the flows', or one that these are built on."""
    return any(tag.startswith(("zenml:talk-orchestrator", "zenml:fail-orchestrator")) for tag in tags)


def written_with(text: str, container: Container) -> Iterator[str]:
    """Yield the files that a container has written itself, and that hold a text."""
    paths = [change["Path"] for change in container.diff() or [] if change["Kind"] != DELETED]
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    mounted = {mount["Destination"] for mount in container.attrs["Mounts"]}  # folders of this machine
    for path in set(paths) - folders - mounted:
        with tarfile.open(fileobj=BytesIO(b"".join(container.get_archive(path)[0]))) as archive:
            yield from in_tar(text, archive, path)


def layers_with(text: str, engine: DockerClient, images: list[str], folder: Path) -> Iterator[str]:
    """Yield the files of images that hold a text, in whichever layer, also those that a later one removes."""
    searched: set[str] = set()
    for number, image in enumerate(images):
        path = folder / f"{number}.tar"
        with path.open("wb") as file:
            file.writelines(engine.images.get(image).save())
        with tarfile.open(path) as saved:
            [manifest] = json.loads(content_of(saved, "manifest.json"))
            config = content_of(saved, manifest["Config"])
            yield from within(text, config, f"config of {image}")
            for layer, digest in zip(manifest["Layers"], json.loads(config)["rootfs"]["diff_ids"], strict=True):
                if digest in searched:
                    continue
                searched.add(digest)
                with tarfile.open(fileobj=saved.extractfile(layer)) as archive:  # packed or not
                    yield from in_tar(text, archive, digest)
        path.unlink()
    assert len(searched) > 10, "these are the layers of no flow"


def content_of(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
