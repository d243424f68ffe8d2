"""What the agents under test share: they count their calls in a file, and kill their own process once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitaru import KitaruClient

if TYPE_CHECKING:
    from kitaru import Flow

_waiting: list[asyncio.Event] = []


def note(what: str) -> None:
    """Write down that something was done."""
    with Path("calls.log").open("a", encoding="utf-8") as log:
        log.write(f"{what}\n")


def crash_once() -> None:
    """Kill this process as `kill -9` would, the first time."""
    if not Path("crashed").exists():
        Path("crashed").touch()
        os.kill(os.getpid(), signal.SIGKILL)


async def together(number: int) -> None:
    """Return once so many calls wait here at the same time."""
    everybody = asyncio.Event()
    _waiting.append(everybody)
    if len(_waiting) == number:
        for one in _waiting:
            one.set()
        _waiting.clear()
    await asyncio.wait_for(everybody.wait(), 120)


def report(flow: Flow[..., Any], *answers: Any) -> None:
    """Run a flow, answer what it asks each time that its runner has ended, and print what became of it."""
    handle = flow.run()
    client = KitaruClient()
    for answer in answers:
        while not (execution := client.executions.get(handle.exec_id)).status.is_finished:
            if execution.pending_wait and execution.attempts[-1].outcome == "waiting":
                handle.input(answer)
                break
            time.sleep(0.1)
    result = handle.wait(progress=False)
    print(json.dumps({"result": result, "execution": handle.execution.model_dump(mode="json")}))
