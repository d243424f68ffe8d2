"""Executions whose bodies have ended while calls that they have started still run, some of them for ever."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from zenml import step

import kitaru
from kitaru import KitaruTimeoutError, KitaruUserCodeError, checkpoint, flow
from kitaru._core.process import files
from kitaru._core.process.places import runner_directory

if TYPE_CHECKING:
    from collections.abc import Callable


@checkpoint(retries=1)  # which is no reason to begin anew
async def hang() -> str:
    try:
        await asyncio.Event().wait()
    finally:
        Path("cleaned").touch()  # noqa: ASYNC240 - takes no time
    return "never"


@checkpoint(retries=1)
def hang_in_thread(threads: int = 0) -> str:
    for _ in range(threads):  # which Python waits for when a process ends
        threading.Thread(target=threading.Event().wait).start()
    threading.Event().wait()
    return "never"


@checkpoint
def pass_on(value: str) -> str:
    return value


@checkpoint
def soon() -> str:
    return "soon"


@checkpoint
def until(name: str) -> str:
    while not Path(name).exists():
        time.sleep(0.01)
    return name


@step
def plain_until(name: str) -> str:
    while not Path(name).exists():
        time.sleep(0.01)
    return name


@checkpoint
def touch(name: str) -> str:
    Path(name).touch()
    return name


@flow
async def hedged() -> str:
    try:
        return await asyncio.wait_for(hang(), 0.2)
    except TimeoutError:
        return await asyncio.wait_for(soon(), 60)  # type: ignore[arg-type]  # in an async body it is awaited


@flow
async def first_of_two() -> str:
    done, _ = await asyncio.wait(
        [asyncio.ensure_future(call) for call in (hang_in_thread.submit(), soon.submit())],
        return_when=asyncio.FIRST_COMPLETED,
    )
    return done.pop().result()


@flow
def timed_out() -> Any:
    first, second = hang_in_thread.submit(1), cast("Any", hang_in_thread.submit(2))
    futures = [first, pass_on.submit(second)]
    given_up = []
    for future in futures:
        try:
            future.result(timeout=0.2)
        except KitaruTimeoutError:
            given_up.append(future.name)
    try:
        hang_in_thread.map([3, 4]).results(timeout=0.1)
    except KitaruTimeoutError:
        given_up.append("map")
    return given_up


@flow(retries=1)
def tried_again() -> Any:
    waiting, plain = until.submit("go"), plain_until.submit("go")
    if touch("tried") and not Path("failed").exists():
        Path("failed").touch()
        raise ValueError("the first time")
    Path("go").touch()
    plain.result()
    return waiting.result()


@flow
def asked() -> Any:
    with contextlib.suppress(KitaruTimeoutError):
        hang_in_thread.submit().result(timeout=0.1)
    return kitaru.wait(timeout=0.1)


@flow
def failed() -> None:
    hang.submit()
    hang_in_thread.submit()
    raise ValueError("at once")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def show(flow: Any) -> None:
    handle = flow.run(cache=False)
    if flow is asked:
        wait_for(lambda: handle.status == "waiting")
        wait_for(lambda: str(handle.execution.checkpoints[0].status) == "cancelled")  # by the pause
        kitaru.KitaruClient().executions.input(handle.exec_id, value=True)
    try:
        value = handle.wait(progress=False)
    except KitaruUserCodeError as error:
        value = error.exception_message
    calls = {call.name: [str(call.status), len(call.attempts)] for call in handle.execution.checkpoints}
    reasons = sorted(
        {str(a.error) for c in handle.execution.checkpoints for a in c.attempts if c.status == "cancelled"}
    )
    print(json.dumps([value, calls, reasons]))


if __name__ == "__main__":
    for shown in (hedged, first_of_two, timed_out, tried_again, failed, asked):
        show(shown)
    wait_for(lambda: not files.running(runner_directory()))
    print(Path("cleaned").exists())
