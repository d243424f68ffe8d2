"""A replay on a real cluster: what is taken was recorded in other pods, what runs again runs in new ones."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(900)]

BASE_IMAGE = os.environ.get("KITARU_TESTS_BASE_IMAGE", "kitaru-testbed/python:3.11")
ENV = {"KITARU_IMAGE": BASE_IMAGE, "KITARU_STACK": "kube", "KITARU_PROGRESS": "off"}

FLOWS = """
    import json, socket
    from kitaru import KitaruClient, checkpoint, flow

    @checkpoint
    def fetch(count: int) -> list[str]:
        return [f"{socket.gethostname()} {number}" for number in range(count)]

    @checkpoint
    def parse(page: str) -> str:
        return f"{page} by {socket.gethostname()}"

    @checkpoint
    def rank(pages: list[str]) -> dict[str, str]:
        return {"best": pages[0], "by": socket.gethostname()}

    @checkpoint(runtime="isolated", resources={"cpu_count": 0.1, "memory": "300MB"})
    def write(ranking: dict[str, str]) -> str:
        return f"{ranking['best']}, written by {socket.gethostname()}"

    @checkpoint
    def publish(text: str) -> str:
        return text.upper()

    @flow
    def report(count: int) -> str:
        return publish(write(rank(parse.map(fetch(count)))))

    if __name__ == "__main__":
        original = report.run(2)
        original.wait()
        replay = report.replay(original.exec_id, at="rank", outputs={"rank": {"best": "mine", "by": "hand"}})
        value = replay.wait()
        diff = KitaruClient().executions.diff(replay.exec_id)
        parts = {call.name: (call.replay, call.change) for call in diff.checkpoints}
        print(json.dumps([value, parts, str(replay.execution.stack_name), replay.exec_id]))
"""


def test_a_replay_takes_what_other_pods_recorded(project: Project, cluster: str) -> None:
    project.write("report.py", FLOWS)
    value, parts, stack, replay = json.loads(project.run("report.py", env=ENV, timeout=800).stdout.splitlines()[-1])
    assert value.startswith("MINE, WRITTEN BY ")
    assert stack == "kube"
    assert parts == {
        "fetch": ["reused", "equal"],
        "parse": ["reused", "equal"],
        "parse_2": ["reused", "equal"],
        "rank": ["overridden", "changed"],
        "write": ["run", "changed"],
        "publish": ["run", "changed"],
    }
    # the same original again from there, by the command line alone, on this machine
    done = project.kitaru("executions", "replay", replay, "--at", "publish", "--stack", "default")
    assert json.loads(done.stdout) == value
