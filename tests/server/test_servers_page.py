"""The page about servers is true: its job and its service work by the variables that it names, in an empty home."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import blocks

if TYPE_CHECKING:
    from tests.conftest import Project
    from tests.server_process import ServerProcess

pytestmark = pytest.mark.server

PAGE = "docs/howto/servers.md"


def test_its_job_and_its_service_work(stranger: Project, shared_server: ServerProcess) -> None:
    (job,) = (block for block in blocks("console", PAGE) if "KITARU_SERVER_URL" in block.text)
    (service,) = blocks("python", PAGE)
    stranger.take("server/nightly.py", "server/serve.py")
    stranger.write("nightly.json", '{"day": "sunday"}')
    stranger.write("service.py", service.text)
    # The last line, which leaves the flow running, is tried in test_login.py.
    lines = [command for command, _ in job.commands if "--detach" not in command]
    script = "\n".join(["set -e", *lines, "python serve.py"]).replace("https://zenml.example.com", shared_server.url)
    done = subprocess.run(
        ["bash", "-c", script.replace("STACK=prod", "STACK=default")],
        cwd=stranger.path, env={**stranger.home.env, "KITARU_AUTH_TOKEN": shared_server.api_key},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(rf"Executions +server {shared_server.url}\nChosen by +KITARU_SERVER_URL\n", done.stdout)
    assert done.stdout.splitlines()[-2:] == ["6", "completed"]
    for file in ("credentials.yaml", "config.yaml"):
        path = stranger.home.zenml / file
        assert not path.exists() or shared_server.url not in path.read_text()
