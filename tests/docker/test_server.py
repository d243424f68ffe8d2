"""A flow in a container, whose executions a ZenML server keeps: on an address that both sides reach."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest
from docker.errors import ImageNotFound

from tests.server_process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from docker import DockerClient

    from tests.conftest import Home, Project

pytestmark = [pytest.mark.docker, pytest.mark.server]

BASE_IMAGE = os.environ.get("KITARU_TESTS_BASE_IMAGE", "kitaru-testbed/python:3.11")


def test_a_container_reaches_the_server_and_holds_a_token_of_its_execution_and_not_the_key(
    project: Project, engine: DockerClient, bridge: str, home_template: Home, tmp_path: Path
) -> None:
    project.take("containers/outing.py")
    with ServerProcess(tmp_path, home_template.stores, bridge) as server:
        env = {"KITARU_SERVER_URL": server.url, "KITARU_AUTH_TOKEN": server.api_key, "KITARU_IMAGE": BASE_IMAGE}
        project.kitaru("stack", "create", "docker", "--type", "docker", env=env)
        url, *values = project.run("outing.py", env=env, timeout=800).stdout.splitlines()
        assert url == server.url
        assert not any(server.api_key in value for value in values)
        [run] = server.call("GET", "/runs")["items"]
        assert run["body"]["status"] == "completed"
        for image in engine.api.images(quiet=True):
            with contextlib.suppress(ImageNotFound):  # another test's, gone meanwhile
                told = f"{engine.api.inspect_image(image)}{engine.api.history(image)}"
                assert server.api_key not in told
