"""Images for a real engine: every field at work inside a container, and what a bad one gets."""

from __future__ import annotations

import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests.docker.conftest import BASE_IMAGE

pytestmark = pytest.mark.docker

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LOOK = "containers/look.py"


@pytest.fixture
def look(docker, script):
    """``look((image, wanted), ...)``: what containers of these images find inside, and what was told on the way."""
    docker.take(LOOK)
    return lambda *pairs: script("look_into_images.py", json.dumps(pairs), KITARU_IMAGE="")


def test_every_field_is_at_work_inside_a_container(docker, look, engine):
    docker.run("-c", "from zenml.client import Client; Client().create_secret('deep', {'TOKEN': 's3cret'})")
    (docker.path / "needs.txt").write_text("iniconfig==2.3.1\n")
    tricky = "a 'single' \"double\" $HOME \\\\ end"
    fields = {
        "base_image": BASE_IMAGE,
        "requirements": "needs.txt",
        "environment": {"Mixed_Case": tricky},
        "apt_packages": ["hello"],
        "secret_environment_from": ["deep"],
    }
    named = {
        "base_image": BASE_IMAGE,
        "user": "nobody",
        "platform": "linux/amd64",
        "image_tag": "theirs",
        "target_repository": "kitaru-tests/inside",
        "requirements": ["iniconfig==2.3.1"],
    }
    local = {"base_image": BASE_IMAGE, "replicate_local_python_environment": True}
    (plain, filled, own, replicated), told = look(
        [BASE_IMAGE, {"packages": ["kitaru-zenml", "kitaru"]}],
        [fields, {"packages": ["iniconfig"], "variables": ["Mixed_Case", "TOKEN"], "commands": ["hello"]}],
        [named, {"packages": ["iniconfig"]}],
        [local, {"packages": ["psutil", "hypothesis"]}],
    )
    assert plain["packages"]["kitaru-zenml"]
    assert plain["packages"]["kitaru"] is None  # the other product of that name
    assert plain["host"] != os.uname().nodename
    assert filled["packages"] == own["packages"] == {"iniconfig": "2.3.1"}
    assert filled["variables"] == {"Mixed_Case": tricky, "TOKEN": "s3cret"}
    assert filled["commands"]["hello"]
    assert replicated["packages"]["psutil"] == psutil.__version__
    assert replicated["packages"]["hypothesis"]

    image = engine.images.get("kitaru-tests/inside:theirs")
    assert (image.attrs["Os"], image.attrs["Architecture"]) == ("linux", "amd64")
    assert "uid=65534(nobody)" in engine.containers.run(image, "id", remove=True).decode()
    assert "'nobody', but its containers run as you on stack 'docker'" in told
    engine.images.remove("kitaru-tests/inside:theirs", force=True)


def test_a_dockerfile_is_built_from_its_context_without_what_is_ignored(docker, look, engine):
    docker.write("box/Dockerfile", f"FROM {BASE_IMAGE}\nCOPY . /data/\nRUN useradd app\nUSER app\n")
    docker.write("box/wanted.txt", "wanted")
    docker.write("box/left/out.txt", "unwanted")
    docker.write("box/.dockerignore", "left\n")
    image = {"dockerfile": "box/Dockerfile", "build_context_root": "box"}
    [found], _ = look([image, {"files": ["/data/wanted.txt", "/data/left/out.txt"]}])
    assert found["files"] == {"/data/wanted.txt": "wanted", "/data/left/out.txt": None}
    assert engine.images.get("zenml:inside-orchestrator").attrs["Config"]["User"] == "app"
    docker.write("box/wanted.txt", "changed")
    [found], _ = look([image, {"files": ["/data/wanted.txt"]}])
    assert found["files"]["/data/wanted.txt"] == "changed"


def test_a_bad_image_is_told_before_anything_runs(docker, script):
    docker.take(LOOK)
    (docker.path / "elsewhere").mkdir()
    old = """
        RUN printf '#!/bin/sh\\nexec python3 -c "import sys; sys.version_info=(3, 9, 1); exec(sys.argv[1])" "$2"\\n' \\
            > /usr/local/bin/python && chmod +x /usr/local/bin/python
        """
    docker.write("old/Dockerfile", f"FROM {BASE_IMAGE}\n{old}")
    docker.write("bare/Dockerfile", f"FROM {BASE_IMAGE}\nRUN rm -f /usr/bin/python /usr/local/bin/python\n")
    docker.write("heavy/Dockerfile", f"FROM {BASE_IMAGE}\nCOPY no-such-file /\n")
    docker.write("heavy/.dockerignore", "left\n")
    for name, megabytes in {"data/one.bin": 150, "two.bin": 60, "left/three.bin": 900}.items():
        path = docker.write(f"heavy/{name}", "")
        os.truncate(path, megabytes * 1024 * 1024)
    cases = {
        "No matching distribution found for no-such-thing-zzz==1": {"requirements": ["no-such-thing-zzz==1"]},
        "Unable to locate package no-such-thing-zzz": {"apt_packages": ["no-such-thing-zzz"]},
        "FROM localhost:1/nowhere:1": {"base_image": "localhost:1/nowhere:1"},
        "there is no file": {"dockerfile": "missing/Dockerfile"},
        "outside of its build context": {"dockerfile": "look.py", "build_context_root": "elsewhere"},
        "missing.txt": {"requirements": "missing.txt"},
        "the image has Python 3.9": {"dockerfile": "old/Dockerfile"},
        "the image has no command python": {"dockerfile": "bare/Dockerfile"},
        "COPY failed": {"dockerfile": "heavy/Dockerfile", "build_context_root": "heavy"},
        "there is no ZenML secret 'nothing'": {"secret_environment_from": ["nothing"]},
        "Mend image.platform": {"platform": "bogus"},
        "Mend image.target_repository": {"image_tag": "no such tag"},
        "invalid user": {"user": "nobody-at-all"},
    }
    images = [{"base_image": BASE_IMAGE, **image} if "dockerfile" not in image else image for image in cases.values()]
    (messages, executions), told = script("refused_images.py", json.dumps(images), KITARU_IMAGE="")
    for wanted, message in zip(cases, messages, strict=True):
        assert wanted in (message or "it was accepted")
    assert executions == 0
    assert told.count("The build context has ") == 1
    assert re.search(r"The build context has 21\d MB", told)  # Kitaru's own wheel is in it
    assert "The largest entries are data/ (150 MB), two.bin (60 MB)" in told


class _Refusing(BaseHTTPRequestHandler):
    """A registry that lets nobody push."""

    protocol_version = "HTTP/1.1"

    def _answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        code = 200 if self.path == "/v2/" else 404 if self.command in ("GET", "HEAD") else 403
        body = b'{"errors": [{"code": "DENIED", "message": "no pushes today"}]}'
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that are called

    def log_message(self, *_):
        """Say nothing."""


def test_a_registry_that_refuses_the_push_and_an_engine_that_is_not_there(docker):
    docker.take(LOOK)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flavors = {"orchestrator": "local_docker", "artifact_store": "local", "image_builder": "local"}
    components = {kind: {"flavor": flavor} for kind, flavor in flavors.items()}
    registry = {"flavor": "default", "configuration": {"uri": f"localhost:{server.server_port}"}}
    definition = {"description": "pushes", "components": {**components, "container_registry": registry}}
    docker.write("pushing.yaml", json.dumps(definition))
    docker.kitaru("stack", "create", "pushing", "-f", "pushing.yaml")
    env = {"KITARU_STACK": "pushing", "KITARU_IMAGE": BASE_IMAGE}
    submitted = docker.run("-c", "from look import inside; inside.run({})", env=env, check=False)
    assert "KitaruStackError" in submitted.stderr
    assert "it refuses a push to 'zenml': 403 Forbidden, no pushes today" in submitted.stderr
    assert "docker login" in submitted.stderr
    built = docker.kitaru("image", "build", "look.py:inside", env=env, check=False)
    assert built.returncode == 1
    assert "was built, and could not be pushed: denied: no pushes today" in built.stderr
    server.shutdown()
    server.server_close()

    dead = {"KITARU_STACK": "docker", "DOCKER_HOST": "tcp://127.0.0.1:1"}
    checked = docker.kitaru("stack", "check", "docker", env=dead, check=False)
    assert checked.returncode == 1
    assert "no engine answers" in checked.stdout
    submitted = docker.run("-c", "from look import inside; inside.run({})", env=dead, check=False)
    assert "KitaruStackError" in submitted.stderr
    assert "DOCKER_HOST" in submitted.stderr
    assert docker.kitaru("executions", "list", "--output", "json").stdout.strip() == "[]"


def test_the_example_gives_the_same_result_on_local_and_docker(docker):
    example = docker.write("switch_stacks.py", (EXAMPLES / "switch_stacks.py").read_text())
    env = {"KITARU_PROGRESS": "off", "KITARU_IMAGE": BASE_IMAGE}
    done = docker.run(example, "default", "docker", env=env, timeout=600)
    assert "the same result on all of them" in done.stdout
