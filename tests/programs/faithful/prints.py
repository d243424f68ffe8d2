"""Checkpoints that print in all ways there are; prints, as JSON, what stands in their logs and in those of the run."""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from kitaru import KitaruClient, checkpoint, flow
from kitaru._zenml.reading.logs import runner_lines
from kitaru._zenml.records.runs import find_run

print("the top level speaks")
POOL = ThreadPoolExecutor(1)  # of the module: its thread serves all checkpoints
HALF = threading.Barrier(2, timeout=120)
ENDED = threading.Event()
TASKS: dict[str, asyncio.Event] = {}
log = logging.getLogger("app")


class UntellableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def late() -> None:
    ENDED.wait(120)
    print("late")


@checkpoint(cache=False)
def alone() -> None:
    print("first")
    subprocess.run(
        [sys.executable, "-c", "import sys; print('a program', flush=True); print('its stderr', file=sys.stderr)"],
        check=True,
    )
    os.write(1, b"a descriptor\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"C code")
    libc.fflush(None)
    sys.stdout.buffer.write(b"bytes\n")
    sys.stdout.buffer.flush()
    with ProcessPoolExecutor(1) as processes:
        processes.submit(print, "a process").result()
    print("in between")
    spawned = multiprocessing.get_context("spawn").Process(target=print, args=("spawned",))
    spawned.start()
    spawned.join()
    thread = threading.Thread(target=print, args=("a thread",))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(print, "a pool").result()
    POOL.submit(print, "the module's pool").result()
    threading.Thread(target=late, daemon=True).start()
    print("half of a line", end="")


@checkpoint(cache=False)
def surrogate() -> None:
    log.error("before")
    log.error("logged a\udcff")
    log.error("%d does not fit", "text")
    log.error("untellable", exc_info=UntellableError())
    POOL.submit(log.error, "after").result()


@checkpoint(cache=False)
def many() -> None:
    def say(name: str) -> None:
        for number in range(200):
            print(name, number)

    threads = [threading.Thread(target=say, args=(name,)) for name in ("x", "y", "z")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@checkpoint(cache=False)
def side(name: str) -> None:
    print(name, end=" ")
    HALF.wait()
    print(name)
    HALF.wait()
    subprocess.run(["echo", f"program of {name}"], check=True)
    if HALF.wait() == 0:
        os.write(1, b"C code of one\nC code of two\n")
    HALF.wait()


@checkpoint(cache=False)
async def beside(name: str, other: str) -> None:
    TASKS.setdefault(other, asyncio.Event()).set()
    print(name, end=" ")
    await TASKS.setdefault(name, asyncio.Event()).wait()
    print(name)


@flow
def prints() -> None:
    alone()
    ENDED.set()
    surrogate()
    many()
    for pair in (
        [side.submit("one"), side.submit("two")],
        [beside.submit("left", "right"), beside.submit("right", "left")],
    ):
        for started in pair:
            started.result()
    print("the body")
    subprocess.run(["echo", "the body's program"], check=True)


if __name__ == "__main__":
    handle = prints.run()
    handle.wait()
    logs = KitaruClient().executions.logs
    said = {
        call.name: [entry.message for entry in logs(handle.exec_id, call.name)] for call in handle.execution.checkpoints
    }
    of_run = [entry.message for _, entries in runner_lines(find_run(handle.exec_id)) for entry in entries]
    shown = [entry.message for entry in logs(handle.exec_id, source="runner")]
    print(json.dumps([said, of_run, shown]))
