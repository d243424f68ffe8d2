"""Replays against a real server: what it shows of them is what ZenML's dashboard shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.report_elsewhere import CALLS, VALUE

if TYPE_CHECKING:
    from tests.conftest import Project
    from tests.server_process import ServerProcess

pytestmark = pytest.mark.server


def test_a_replay_takes_the_record_from_the_server_and_is_shown_there(
    stranger: Project, shared_server: ServerProcess
) -> None:
    env = {**shared_server.env, "KITARU_PROGRESS": "off", "RAN": "ran.txt"}
    stranger.take("replay/report_elsewhere.py")
    told = json.loads(stranger.run("report_elsewhere.py", env=env).stdout)
    original, replay = told["original"], told["replay"]
    assert (told["value"], told["calls"]) == (VALUE, CALLS)
    ran = (stranger.path / "ran.txt").read_text().splitlines()
    assert sorted(ran[:4]) == ["fetch", "parse", "parse", "rank"]
    assert ran[4:] == ["write 2", "publish", "write 99", "publish"]
    assert told["url"] == f"{shared_server.url}/projects/default/runs/{replay}"

    def steps(exec_id: str) -> dict[str, dict]:
        page = shared_server.call("GET", f"/steps?pipeline_run_id={exec_id}&hydrate=true&size=50")
        return {step["name"]: step for step in page["items"]}

    before, after = steps(original), steps(replay)
    assert {name: step["body"]["status"] for name, step in after.items()} == {
        "fetch": "skipped",
        "parse": "skipped",
        "parse_2": "skipped",
        "rank": "skipped",
        "write": "completed",
        "publish": "completed",
    }
    assert shared_server.call("GET", f"/runs/{replay}")["resources"]["original_run"]["id"] == original

    def outputs(found: dict[str, dict], name: str) -> list[str]:
        return [version["id"] for version in found[name]["resources"]["outputs"]["output"]]

    for name in ("fetch", "parse", "parse_2"):
        assert outputs(after, name) == outputs(before, name)
        assert after[name]["metadata"]["original_step_run_id"] == before[name]["id"]
    assert outputs(after, "rank") != outputs(before, "rank")
    assert [version["id"] for version in after["write"]["resources"]["inputs"]["best"]] == outputs(after, "rank")

    diff = json.loads(stranger.kitaru("executions", "diff", replay, "--output", "json", env=env).stdout)
    assert {call["name"]: call["change"] for call in diff["checkpoints"]} == {
        **dict.fromkeys(("fetch", "parse", "parse_2"), "equal"),
        **dict.fromkeys(("rank", "write", "publish"), "changed"),
    }
    again = stranger.kitaru("executions", "replay", replay, "--at", "publish", env=env)
    assert json.loads(again.stdout) == "THE BEST HAS 99 WORDS"
