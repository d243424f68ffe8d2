"""A report is replayed on a server or a cluster: a part is reused, a part overridden, the rest runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from kitaru import KitaruClient, checkpoint, flow


def ran(name: str) -> None:
    with Path(os.environ.get("RAN", os.devnull)).open("a") as file:
        file.write(name + "\n")


@checkpoint
def fetch(count: int) -> list[str]:
    ran("fetch")
    return ["word " * (number + 1) for number in range(count)]


@checkpoint
def parse(page: str) -> int:
    ran("parse")
    return len(page.split())


@checkpoint
def rank(words: list[int]) -> dict[str, int]:
    ran("rank")
    return {"words": max(words)}


@checkpoint(runtime="isolated", resources={"cpu_count": 0.1, "memory": "300MB"})
def write(best: dict[str, int]) -> str:
    ran(f"write {best['words']}")
    return f"the best has {best['words']} words"


@checkpoint
def publish(text: str) -> str:
    ran("publish")
    return text.upper()


@flow
def report(count: int) -> str:
    return publish(write(rank(parse.map(fetch(count)))))  # type: ignore[arg-type]  # futures as an argument are their values


def main() -> None:
    original = report.run(2)
    original.wait()
    replay = report.replay(original.exec_id, at="rank", outputs={"rank": {"words": 99}})
    shown = {
        "value": replay.wait(),
        "original": original.exec_id,
        "replay": replay.exec_id,
        "calls": {
            call.name: [call.replay, call.change] for call in KitaruClient().executions.diff(replay.exec_id).checkpoints
        },
        "stack": replay.execution.stack_name,
        "url": replay.execution.dashboard_url,
    }
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
