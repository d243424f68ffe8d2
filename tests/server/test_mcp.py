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

FLOWS = """
    import kitaru
    from kitaru import checkpoint, flow

    @checkpoint
    def draft(topic: str) -> str:
        return f"All about {topic}."

    @flow
    def article(topic: str) -> list[str]:
        text = draft(topic)
        return [text, kitaru.wait(str, question="Which title?", name="title", timeout=0)]
"""

CLIENT = """
    import asyncio, json, os, sys, urllib.request
    from mcp import Client, StdioServerParameters
    import assistant

    mcp, url, admin_token = sys.argv[1:]
    server = StdioServerParameters(command=mcp, env=dict(os.environ), cwd=os.getcwd())

    def dashboard(method, path, body=None):
        # What the dashboard's own page asks of the server.
        headers = {"Authorization": f"Bearer {admin_token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1{path}", data, headers, method=method)) as done:
            return json.load(done)

    async def main():
        async with Client(server, read_timeout_seconds=120) as client:
            helper = assistant.Assistant(client)
            call, refused = helper.call, helper.refused

            status = await call("get_status")
            assert (status["where"], status["url"], status["user"]) == ("server", url, "robot"), status
            assert status["problem"] is None, status

            exec_id = (await call("run_flow", target="flows.py:article", inputs={"topic": "owls"}))["exec_id"]
            paused = await call("get_execution", exec_id=exec_id, wait_seconds=60)
            while paused["attempts"][-1]["outcome"] != "waiting":  # the question is there before its runner has ended
                assert paused["status"] == "waiting", paused
                paused = await call("get_execution", exec_id=exec_id)
            assert paused["pending_wait"]["name"] == "title", paused
            assert "nobody has answered" in await refused("resume_execution", exec_id=exec_id)

            [asked] = dashboard("GET", f"/run_wait_conditions?pipeline_run={exec_id}&project=default")["items"]
            answer = {"resolution": "continue", "result": "Owls"}
            dashboard("PUT", f"/run_wait_conditions/{asked['id']}/resolve", answer)
            answered = await call("get_execution", exec_id=exec_id)
            assert (answered["status"], answered["pending_wait"]) == ("waiting", None), answered

            assert (await call("resume_execution", exec_id=exec_id[:13])) == {"exec_id": exec_id}
            done = await call("get_execution", exec_id=exec_id, wait_seconds=60)
            assert (done["status"], done["result"]) == ("completed", {"value": ["All about owls.", "Owls"]}), done
            assert done["dashboard_url"].startswith(f"{url}/projects/default/runs/{exec_id}"), done
            assert "only a paused one can be resumed" in await refused("resume_execution", exec_id=exec_id)
            print("done")

    asyncio.run(main())
"""


def test_what_was_answered_in_the_dashboard_is_resumed_by_an_assistant(
    stranger: Project, shared_server: ServerProcess
) -> None:
    stranger.write("flows.py", FLOWS)
    stranger.write("client.py", CLIENT)
    stranger.take("mcp/assistant.py")
    env = {"KITARU_SERVER_URL": shared_server.url, "KITARU_AUTH_TOKEN": shared_server.api_key}
    mcp = Path(sys.executable).with_name("kitaru-mcp")
    done = stranger.run("client.py", mcp, shared_server.url, shared_server.admin_token, env=env, timeout=300)
    assert done.stdout.splitlines() == ["done"], done.stderr
    assert shared_server.api_key not in done.stderr
