"""How much a checkpoint asks of a server, and that its log is there nevertheless."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project
    from tests.server_process import ServerProcess

pytestmark = pytest.mark.server


def test_a_checkpoint_sends_three_requests_and_its_log_with_one_of_them(
    stranger: Project, shared_server: ServerProcess
) -> None:
    env = {**shared_server.env, "KITARU_PROGRESS": "off"}
    stranger.take("server/counted.py")
    seen = json.loads(stranger.run("counted.py", shared_server.log, env=env).stdout.splitlines()[-1])

    def sent(kind: str) -> list[str]:
        return [" ".join(line.split()[:2]).partition("?")[0] for line in seen["requests"][kind]]

    three = ["POST /api/v1/steps", "POST /api/v1/artifact_versions/batch"]
    for kind, calls in {"quiet": 2, "speaks": 2, "at once": 10}.items():
        assert sorted(line for line in sent(kind) if line in three) == sorted(three * calls), sent(kind)
        assert len(sent(kind)) <= 3 * calls, sent(kind)
        assert not any("/logs" in line for line in sent(kind)), sent(kind)
    assert len(sent("cached")) <= 3 * 2

    # Both the launcher's lines that matter and the checkpoint's are in the one log, which is shown as before.
    assert ["speaks_3", "number 2 speaks"] in seen["logs"]
    assert all("speaks" in message for _, message in seen["logs"])
    messages = [message for _, message in seen["failed logs"]]
    assert messages[0] == "about to fail"
    assert sum("ValueError: as it must" in message for message in messages) == 1
    for exec_id in (seen["exec_id"], seen["failed"]):
        for step in shared_server.call("GET", f"/steps?pipeline_run_id={exec_id}&hydrate=true&size=50")["items"]:
            logs = step["resources"]["log_collection"]
            assert [log["body"]["source"] for log in logs] == ["step"], step["name"]
