"""The code of a flow in a folder of a repository of ZenML's, in a container."""

from __future__ import annotations

import json

import pytest

from tests.docker.conftest import BASE_IMAGE

pytestmark = pytest.mark.docker


def test_a_script_in_a_folder_of_a_repository_runs_in_containers(docker):
    (docker.path / ".zen").mkdir()
    for name in ("helping.py", "in_subfolder.py"):
        (docker.path / "flows").mkdir(exist_ok=True)
        docker.take(f"faithful/subfolder/{name}", name=f"flows/{name}")
    env = {"KITARU_STACK": "docker", "KITARU_IMAGE": BASE_IMAGE, "KITARU_PROGRESS": "off"}
    done = docker.run("flows/in_subfolder.py", env=env, timeout=800)
    assert json.loads(done.stdout.splitlines()[-1]) == ["flows.in_subfolder", True, True, 1, True]
