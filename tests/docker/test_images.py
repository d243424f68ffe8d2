"""Flows in containers of a real engine: every field of the image at work inside, and what a bad one gets."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BASE_IMAGE = os.environ.get("KITARU_TESTS_BASE_IMAGE", "kitaru-testbed/python:3.11")
ENV = {"KITARU_STACK": "docker", "KITARU_PROGRESS": "off"}

LOOK = """
    import importlib.metadata, os, shutil, socket, time
    from pathlib import Path
    from kitaru import checkpoint, flow

    @checkpoint(cache=False, runtime="isolated")
    def look(packages: list[str], variables: list[str], commands: list[str], files: list[str]) -> dict:
        def version(name):
            try:
                return importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                return None
        return {
            "host": socket.gethostname(),
            "packages": {name: version(name) for name in packages},
            "variables": {name: os.environ.get(name) for name in variables},
            "commands": {name: shutil.which(name) for name in commands},
            "files": {name: Path(name).read_text() if Path(name).exists() else None for name in files},
        }

    @flow(cache=False)
    def inside(packages: list[str] = [], variables: list[str] = [], commands: list[str] = [], files: list[str] = []) -> dict:
        return look(packages, variables, commands, files)

    @checkpoint(cache=False)
    def first() -> int:
        return os.getpid()

    @checkpoint(cache=False)
    def second(seen: str) -> str:
        if not os.path.exists(seen):
            open(seen, "w").close()
            time.sleep(600)  # until the process is killed
        return "recovered"

    @flow(cache=False)
    def mortal(seen: str) -> str:
        first()
        return second(seen)
"""


@pytest.fixture
def docker(project):
    project.write("look.py", LOOK)
    project.kitaru("stack", "create", "docker", "--type", "docker")
    return project


def inside(project, image, **wanted):
    code = f"import json\nfrom look import inside\nprint(json.dumps(inside.run(image={image!r}, **{wanted!r}).wait(timeout=120)))"
    return json.loads(project.run("-c", code, env=ENV, timeout=600).stdout.splitlines()[-1])


def refused(project, image):
    code = f"from look import inside\ninside.run(image={image!r})"
    done = project.run("-c", code, env=ENV, timeout=600, check=False)
    assert done.returncode == 1
    assert "KitaruImageError" in done.stderr
    return done.stderr


def test_a_plain_python_image_given_as_a_string_is_enough(docker):
    found = inside(docker, BASE_IMAGE, packages=["kitaru-zenml", "kitaru"])
    assert found["packages"]["kitaru-zenml"]
    assert found["packages"]["kitaru"] is None  # the other product of that name
    assert found["host"] != os.uname().nodename


def test_packages_variables_and_secrets_are_inside(docker):
    docker.run("-c", "from zenml.client import Client; Client().create_secret('deep', {'TOKEN': 's3cret'})")
    (docker.path / "needs.txt").write_text("iniconfig==2.3.1\n")
    tricky = "a 'single' \"double\" $HOME \\\\ end"
    image = {
        "base_image": BASE_IMAGE,
        "requirements": "needs.txt",
        "environment": {"Mixed_Case": tricky},
        "apt_packages": ["hello"],
        "secret_environment_from": ["deep"],
    }
    found = inside(docker, image, packages=["iniconfig"], variables=["Mixed_Case", "TOKEN"], commands=["hello"])
    assert found["packages"] == {"iniconfig": "2.3.1"}
    assert found["variables"] == {"Mixed_Case": tricky, "TOKEN": "s3cret"}
    assert found["commands"]["hello"]


def test_a_dockerfile_is_built_from_its_context_without_what_is_ignored(docker):
    docker.write("box/Dockerfile", f"FROM {BASE_IMAGE}\nCOPY . /data/\nRUN useradd app\nUSER app\n")
    docker.write("box/wanted.txt", "wanted")
    docker.write("box/left/out.txt", "unwanted")
    docker.write("box/.dockerignore", "left\n")
    image = {"dockerfile": "box/Dockerfile", "build_context_root": "box"}
    found = inside(docker, image, packages=["kitaru-zenml"], files=["/data/wanted.txt", "/data/left/out.txt"])
    assert found["files"] == {"/data/wanted.txt": "wanted", "/data/left/out.txt": None}
    docker.write("box/wanted.txt", "changed")
    assert inside(docker, image, files=["/data/wanted.txt"])["files"]["/data/wanted.txt"] == "changed"


def test_the_local_environment_is_replicated_without_the_checkout_of_kitaru(docker):
    image = {"base_image": BASE_IMAGE, "replicate_local_python_environment": True}
    found = inside(docker, image, packages=["psutil", "hypothesis"])
    assert found["packages"]["psutil"] == psutil.__version__
    assert found["packages"]["hypothesis"]


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ({"requirements": ["no-such-thing-zzz==1"]}, "No matching distribution found for no-such-thing-zzz==1"),
        ({"apt_packages": ["no-such-thing-zzz"]}, "no-such-thing-zzz"),
        ({"base_image": "localhost:1/nowhere:1"}, "The image could not be built"),
        ({"dockerfile": "missing/Dockerfile"}, "there is no file"),
        ({"dockerfile": "look.py", "build_context_root": "elsewhere"}, "outside of its build context"),
        ({"requirements": "missing.txt"}, "there is no file"),
    ],
    ids=["requirement", "apt package", "base image", "dockerfile", "context", "requirements file"],
)
def test_a_bad_image_is_told_before_anything_runs(docker, image, told):
    (docker.path / "elsewhere").mkdir()
    message = refused(docker, {"base_image": BASE_IMAGE, **image} if "dockerfile" not in image else image)
    assert told in message
    assert docker.kitaru("executions", "list", "--output", "json").stdout.strip() == "[]"


def test_a_base_image_with_another_python_is_refused(docker):
    docker.write(
        "old/Dockerfile",
        f"""
        FROM {BASE_IMAGE}
        RUN printf '#!/bin/sh\\nexec python3 -c "import sys; sys.version_info=(3, 9, 1); exec(sys.argv[1])" "$2"\\n' \\
            > /usr/local/bin/python && chmod +x /usr/local/bin/python
        """,
    )
    assert "the image has Python 3.9" in refused(docker, {"dockerfile": "old/Dockerfile"})


def test_a_killed_container_uses_up_an_attempt(docker, eventually):
    seen = docker.home.stores / "seen"  # this folder is mounted into the container
    code = f"from look import mortal\nprint(mortal.run({str(seen)!r}, retries=1, image={BASE_IMAGE!r}).exec_id)"
    exec_id = docker.run("-c", code, env=ENV, timeout=600).stdout.split()[-1]
    eventually(seen.exists, timeout=120, what="the second checkpoint")
    for process in psutil.process_iter(["cmdline"]):
        if exec_id in (process.info["cmdline"] or []) and "python" in (process.info["cmdline"] or [""])[0]:
            process.kill()
    code = f"""
from kitaru import FlowHandle
handle = FlowHandle.from_id({exec_id!r})
print(handle.wait(timeout=120), [a.outcome for a in handle.execution.attempts])
"""
    assert docker.run("-c", code, env=ENV, timeout=200).stdout.strip() == "recovered ['lost', 'completed']"


def test_without_an_engine_nothing_hangs(docker):
    dead = {**ENV, "DOCKER_HOST": "tcp://127.0.0.1:1"}
    checked = docker.kitaru("stack", "check", "docker", env=dead, check=False)
    assert checked.returncode == 1
    assert "no engine answers" in checked.stdout
    submitted = docker.run("-c", "from look import inside; inside.run()", env=dead, check=False)
    assert "KitaruStackError" in submitted.stderr
    assert "DOCKER_HOST" in submitted.stderr


def test_the_example_gives_the_same_result_on_local_and_docker(docker):
    example = docker.write("switch_stacks.py", (EXAMPLES / "switch_stacks.py").read_text())
    done = docker.run(example, "default", "docker", env={**ENV, "KITARU_IMAGE": BASE_IMAGE}, timeout=600)
    assert "the same result on all of them" in done.stdout
