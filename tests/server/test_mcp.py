"""`kitaru-mcp` against a real server: an answer given in ZenML's dashboard, and a resume by an assistant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project
    from tests.server_process import ServerProcess

pytestmark = pytest.mark.server


def test_what_was_answered_in_the_dashboard_is_resumed_by_an_assistant(
    stranger: Project, shared_server: ServerProcess
) -> None:
    stranger.take("server/titled_article.py", "mcp/assistant.py", "server/resume_answered.py")
    env = shared_server.env
    mcp = Path(sys.executable).with_name("kitaru-mcp")
    done = stranger.run("resume_answered.py", mcp, shared_server.url, shared_server.admin_token, env=env, timeout=300)
    assert done.stdout.splitlines() == ["done"], done.stderr
    assert shared_server.api_key not in done.stderr
