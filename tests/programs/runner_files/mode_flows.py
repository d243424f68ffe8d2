"""Flows that tell in which process and thread they run, that meet each other, or that are interrupted."""

from __future__ import annotations

import os
import threading

from kitaru import checkpoint, flow

meeting = threading.Barrier(2, timeout=300)


@checkpoint(cache=False)
def meet(who: str) -> str:
    meeting.wait()  # both flows are in a checkpoint at the same time
    return who


@checkpoint(cache=False)
def where() -> tuple[int, str]:
    return os.getpid(), threading.current_thread().name


@checkpoint(cache=False)
def interrupted() -> None:
    raise KeyboardInterrupt


@flow
def meets(who: str) -> str:
    return meet(who)


@flow
def tells() -> tuple[int, str]:
    return where()


@flow
async def tells_soon() -> tuple[int, str]:
    return await where.submit()


@flow
def is_interrupted() -> None:
    interrupted()
