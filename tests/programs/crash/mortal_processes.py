"""A flow whose second checkpoint runs in a process of its own, and takes that, or what it was forked from, with it."""

from __future__ import annotations

import ctypes
import json
import os
import signal
from pathlib import Path

import kitaru
from kitaru import checkpoint, flow

HERE = Path(__file__).parent


def _started(name: str) -> bool:
    """Note that a checkpoint has started, and return whether that is the first time."""
    ran = HERE / f"{kitaru.current_execution_id()}.ran"
    with ran.open("a", encoding="utf-8") as file:
        file.write(f"{name}:started\n")
    return ran.read_text(encoding="utf-8").count(f"{name}:") == 1


@checkpoint
def first() -> int:
    _started("first")
    return 1


@checkpoint(runtime="process", max_memory="400MB", retries=1)
def second(how: str) -> int:
    if _started("second"):
        if how == "SIGSEGV":
            ctypes.string_at(0)
        if how == "memory":
            bytearray(10**9)
        os.kill(os.getppid() if how == "forked from" else os.getpid(), signal.SIGKILL)
        signal.pause()
    return 1


@checkpoint
def third(number: int) -> int:
    _started("third")
    return number + 1


@flow(cache=False)
def apart(how: str) -> int:
    return third(first() + second(how))


if __name__ == "__main__":
    handles = {how: apart.run(how) for how in ("SIGKILL", "SIGSEGV", "memory", "forked from")}
    ends = {}
    for how, handle in handles.items():
        result = handle.wait(timeout=300, progress=False)
        lost = next(call.attempts[0].error for call in handle.execution.checkpoints if call.name == "second")
        ends[how] = [handle.exec_id, result, lost, len(handle.execution.attempts)]
    print("OUT" + json.dumps(ends))
