"""Checkpoints and flows that pass their time limits."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import kitaru
from kitaru import checkpoint, flow

HERE = Path(__file__).parent
FOREVER = 600


def _mark(name: str) -> int:
    with (HERE / name).open("a", encoding="utf-8") as file:
        file.write(".")
    return len((HERE / name).read_text())


@checkpoint(timeout=0.5)
def sync() -> None:
    threading.Event().wait(FOREVER)


@checkpoint(timeout=0.5)
async def cancelled() -> None:
    try:
        await asyncio.sleep(FOREVER)
    finally:
        _mark("cleaned")


@checkpoint(timeout=0.5, runtime="process")
def process() -> None:
    try:
        while True:
            pass
    finally:
        _mark("cleaned")


@checkpoint(timeout=0.5, runtime="process")
def stubborn() -> None:
    while True:
        try:
            threading.Event().wait(FOREVER)
        except BaseException:  # noqa: BLE001 - it does not let itself be ended
            _mark("stubborn")


@checkpoint(timeout=5, retries=1)
def second_time() -> int:
    tries = _mark("second")
    if tries == 1:
        threading.Event().wait(FOREVER)
    return tries


@checkpoint(timeout=FOREVER)
def quick() -> int:
    return 1


@flow
def limited() -> list[object]:
    seen: list[object] = []
    for call in (sync, cancelled, process, stubborn):
        try:
            call()
        except kitaru.KitaruTimeoutError as error:
            seen.append(str(error))
    kitaru.wait(name="go_on", schema=bool, timeout=0)  # another process goes on
    return [*seen, second_time(), quick()]


@checkpoint
def unlimited() -> None:
    threading.Event().wait(FOREVER)


@flow(timeout=1)
def loops() -> None:
    while True:
        quick()
        time.sleep(0.05)


@flow(timeout=1)
def waits() -> None:
    unlimited.submit().result()


@checkpoint
def takes(value: object) -> object:
    return value


@checkpoint(concurrency=1)
def one_at_a_time() -> None:
    threading.Event().wait(FOREVER)


@flow(timeout=1)
def passes_on() -> None:
    future = unlimited.submit()
    try:
        takes(future)
    finally:
        _mark("body")


@flow(timeout=1)
def queues() -> None:
    one_at_a_time.submit()
    try:
        one_at_a_time()
    finally:
        _mark("body")


@flow(timeout=1)
async def awaits() -> None:
    try:
        await asyncio.sleep(FOREVER)
    finally:
        _mark("body")


@flow(timeout=2, retries=1)
def blocked() -> int:
    if _mark("blocked") == 1:
        unlimited()  # in the thread of the body, which cannot be stopped
    return quick()


@flow(timeout=20)
def asks() -> bool:
    return kitaru.wait(name="sure", schema=bool, timeout=0)
