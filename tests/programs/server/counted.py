"""Flows whose requests to the server are counted: the body marks where its checkpoints begin and end."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from kitaru import KitaruClient, checkpoint, flow
from kitaru.errors import KitaruError


@checkpoint(cache=False)
def quiet(number: int) -> int:
    return number + 1


@checkpoint(cache=False)
def speaks(number: int) -> int:
    print(f"number {number} speaks")
    return number


@checkpoint
def remembered(number: int) -> int:
    return number


@checkpoint(cache=False)
def fails() -> None:
    print("about to fail")
    raise ValueError("as it must")


def requests(server_log: str, work: Any) -> list[str]:
    """Return the requests that some work sent; the server writes each down before it answers."""
    begin = Path(server_log).stat().st_size
    work()
    with Path(server_log).open(encoding="utf-8", errors="replace") as log:
        log.seek(begin)
        return [line.split('"')[1] for line in log if '"' in line and "/api/v1/" in line]


@flow(cache=True)
def counted(server_log: str) -> dict[str, list[str]]:
    quiet(0), speaks(0), remembered(1)
    kinds = {
        "quiet": lambda: quiet(quiet(1)),
        "speaks": lambda: [speaks(n) for n in (1, 2)],
        "cached": lambda: [remembered(1) for _ in range(2)],
        "at once": lambda: [future.result() for future in [quiet.submit(n) for n in range(10)]],
    }
    seen = {kind: requests(server_log, work) for kind, work in kinds.items()}
    Path("counted.json").write_text("done")  # until then nobody else asks the server
    return seen


@flow
def failing() -> None:
    fails()


if __name__ == "__main__":
    handle = counted.run(sys.argv[1])
    while not Path("counted.json").exists():
        time.sleep(0.1)
    seen: dict[str, Any] = {"requests": handle.wait(progress=False), "exec_id": handle.exec_id}
    failed = failing.run()
    try:
        failed.wait(progress=False)
    except KitaruError as error:
        seen["error"] = str(error)
    client = KitaruClient()
    seen["failed"] = failed.exec_id
    for name, exec_id in (("logs", handle.exec_id), ("failed logs", failed.exec_id)):
        seen[name] = [[line.checkpoint, line.message] for line in client.executions.logs(exec_id)]
    print(json.dumps(seen))
