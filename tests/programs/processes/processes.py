"""Checkpoints in processes of their own: the same values, logs and metadata as inline, and what takes one call alone."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import kitaru
from kitaru import checkpoint, flow

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    text: str
    process: int


def _say(number: int) -> Page:
    print("printed", number)
    print("to stderr", number, file=sys.stderr)
    logging.getLogger("pages").warning("logged %d", number)
    subprocess.run(["sh", "-c", f"echo by a program {number} >&2"], check=True)
    kitaru.log(number=number, more={"a": number})
    kitaru.log(more={"b": number})
    kitaru.progress("half", fraction=0.5)
    kitaru.save(f"saved {number}", [number])
    assert kitaru.load(kitaru.current_execution_id(), f"saved {number}") == [number]
    return Page(f"page {number} of {kitaru.current_execution_id()}", os.getpid())


@checkpoint(runtime="process")
def apart(number: int) -> Page:
    return _say(number)


@checkpoint
def inline(number: int) -> Page:
    return _say(number)


@checkpoint(runtime="process")
async def apart_async(page: Page) -> str:
    await asyncio.sleep(0)
    return page.text


@checkpoint(runtime="process")
def with_context(page: Page) -> str:
    from zenml import get_step_context

    context = get_step_context()
    context.add_output_metadata({"words": len(page.text.split())})
    return str(context.step_run.name)


@checkpoint(runtime="process")
def raises() -> None:
    raise LookupError("not there")


@checkpoint(runtime="process")
def crashes() -> bytes:
    return ctypes.string_at(0)


@checkpoint(runtime="process")
def ends() -> None:
    os._exit(3)


@checkpoint(runtime="process", max_memory="250MB")
def hungry(size: int) -> int:
    return len(bytearray(size))


@checkpoint(runtime="process", max_memory="2MB")
def starved() -> int:
    return 1


@checkpoint(runtime="process", retries=2)
def dies_twice() -> int:
    tries = HERE / "tries"
    with tries.open("a", encoding="utf-8") as file:
        file.write(".")
    if len(tries.read_text()) < 3:
        os.kill(os.getpid(), 9)
    return len(tries.read_text())


@checkpoint(runtime="process")
def unsendable() -> object:
    return threading.Lock()


def factory(word: str) -> object:
    @checkpoint(runtime="process")
    def made() -> str:
        return word

    return made()


@flow
def alike() -> dict[str, object]:
    one, two = apart.map([1, 2]).results()
    inline(1)
    return {
        "texts": [one.text, apart_async(two)],
        "pid": os.getpid(),
        "pids": [one.process, two.process],
        "context": with_context(one),
        "made": factory("by a factory"),
    }


def _caught(call: object, *args: object) -> str:
    try:
        return repr(call(*args))  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001 - whatever it is
        return f"{type(error).__name__}: {error}"


@flow
def alone() -> list[str]:
    beside = hungry.submit(10)
    calls = [raises, crashes, ends, starved, dies_twice, unsendable]
    return [*(_caught(call) for call in calls), _caught(hungry, 10**9), f"beside {beside.result()}", _caught(hungry, 7)]


@checkpoint(runtime="process")
def holds(name: str) -> str:
    child = subprocess.Popen(["sleep", "600"])
    (HERE / name).write_text(f"{os.getpid()} {child.pid}", encoding="utf-8")
    while not (HERE / "go").exists():
        time.sleep(0.02)
    child.kill()
    return name


@flow(retries=1)
def killed() -> list[str]:
    return holds.map(["first", "second"]).results()


@flow
def gives_up() -> str:
    future = holds.submit("given up")
    while not (HERE / "given up").exists():
        time.sleep(0.02)
    with contextlib.suppress(TimeoutError):
        future.result(timeout=0)
    return "ended"


_kept: list[object] = []


@checkpoint(runtime="process")
def big() -> int:
    _kept.append([bytes(1000) for _ in range(300_000)])
    return os.getpid()


@checkpoint(runtime="process", max_memory="250MB")
def roomy() -> int:
    return os.getpid()


async def _late() -> None:
    await asyncio.sleep(0.01)
    try:
        kitaru.log(wrong="is of another call")
    except kitaru.KitaruContextError as error:
        _kept.append(type(error).__name__)


@checkpoint(runtime="process")
async def leaves_a_task() -> int:
    _kept[:] = [asyncio.create_task(_late())]
    return os.getpid()


@checkpoint(runtime="process")
async def follows() -> int:
    await _kept[0]  # type: ignore[misc]  # what the call before has left
    kitaru.log(late=_kept[1])
    return os.getpid()


@checkpoint(runtime="process")
def number() -> int:
    return os.getpid()


@checkpoint(runtime="process")
def leaves_a_program() -> None:
    program = os.fork()
    if program == 0:
        os.setsid()
        time.sleep(600)
        os._exit(0)
    (HERE / "program").write_text(str(program), encoding="utf-8")
    os.kill(os.getpid(), 9)


@flow
def one_after_the_other() -> list[object]:
    before = [big(), roomy(), leaves_a_task()]
    last = follows.submit().result()
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(last, 9)
            time.sleep(0.02)
    return [*before, last, number(), _caught(leaves_a_program)]


@checkpoint(runtime="process", timeout=0.5)
def speaks_on() -> None:
    while True:
        print("on and on")


@flow
def speaks() -> str:
    return _caught(speaks_on)
