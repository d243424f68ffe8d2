"""Replays of many executions, of which one does not exist, and of those that a flow's name finds."""

from __future__ import annotations

import sys

from kitaru import KitaruClient


def main(*exec_ids: str) -> None:
    executions = KitaruClient().executions
    replays = executions.replay_many([*exec_ids, "ffffffff"], at="prompt", progress=False)
    (completed,) = replays.completed
    assert completed.result == "question 0, please?"
    (failed,) = replays.failed
    assert failed.error is not None
    assert "ffffffff" in failed.error
    assert not failed.exec_id
    found = executions.replay_many({"flow": "ask", "limit": 1}, at="prompt", progress=False)
    assert len(found.outcomes) == 1
    assert [diff.changed for diff in executions.diff_replays(replays)] == [True]


if __name__ == "__main__":
    main(*sys.argv[1:])
