"""An assistant runs a flow, its question is answered in ZenML's dashboard, and the assistant resumes it.

Arguments are the command of ``kitaru-mcp``, the URL of the server, and the token of an administrator.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

from assistant import Assistant
from mcp import Client, StdioServerParameters


class Dashboard:
    """The dashboard's own page: what it asks of the server."""

    def __init__(self, url: str, admin_token: str) -> None:
        self._url = url
        self._token = admin_token

    def ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}/api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request) as done:
            return json.load(done)

    def answer(self, exec_id: str) -> None:
        [asked] = self.ask("GET", f"/run_wait_conditions?pipeline_run={exec_id}&project=default")["items"]
        answer = {"resolution": "continue", "result": "Owls"}
        self.ask("PUT", f"/run_wait_conditions/{asked['id']}/resolve", answer)


async def run_until_paused(ask: Assistant) -> str:
    started = await ask.call("run_flow", target="titled_article.py:article", inputs={"topic": "owls"})
    exec_id: str = started["exec_id"]
    paused = await ask.call("get_execution", exec_id=exec_id, wait_seconds=60)
    while paused["attempts"][-1]["outcome"] != "waiting":  # the question is there before its runner has ended
        assert paused["status"] == "waiting", paused
        paused = await ask.call("get_execution", exec_id=exec_id)
    assert paused["pending_wait"]["name"] == "title", paused
    assert "nobody has answered" in await ask.refused("resume_execution", exec_id=exec_id)
    return exec_id


async def resume(ask: Assistant, exec_id: str, url: str) -> None:
    answered = await ask.call("get_execution", exec_id=exec_id)
    assert (answered["status"], answered["pending_wait"]) == ("waiting", None), answered
    assert (await ask.call("resume_execution", exec_id=exec_id[:13])) == {"exec_id": exec_id}
    done = await ask.call("get_execution", exec_id=exec_id, wait_seconds=60)
    assert (done["status"], done["result"]) == ("completed", {"value": ["All about owls.", "Owls"]}), done
    assert done["dashboard_url"].startswith(f"{url}/projects/default/runs/{exec_id}"), done
    assert "only a paused one can be resumed" in await ask.refused("resume_execution", exec_id=exec_id)


async def main(mcp: str, url: str, admin_token: str) -> None:
    server = StdioServerParameters(command=mcp, env=dict(os.environ), cwd=Path.cwd())
    async with Client(server, read_timeout_seconds=120) as client:
        ask = Assistant(client)
        status = await ask.call("get_status")
        assert (status["where"], status["url"], status["user"]) == ("server", url, "robot"), status
        assert status["problem"] is None, status
        exec_id = await run_until_paused(ask)
        Dashboard(url, admin_token).answer(exec_id)
        await resume(ask, exec_id, url)
        print("done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
