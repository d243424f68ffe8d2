"""Flows and checkpoints that are limited in how many run at once, and how often."""

from __future__ import annotations

import os
import time
from pathlib import Path

import kitaru
from kitaru import checkpoint, flow

HERE = Path(__file__).parent


def _stay(name: str) -> int:
    """Be inside until the test says go; returns how many are inside at the end."""
    own = HERE / "inside" / f"{name}-{os.getpid()}"
    own.touch()
    deadline = time.monotonic() + 120
    while not (HERE / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    inside = len(list((HERE / "inside").iterdir()))
    own.unlink()
    return inside


@checkpoint(concurrency=2, cache=False)
def crowd(name: str) -> int:
    return _stay(name)


@checkpoint(rate="2/min", cache=False)
def call(n: int) -> int:
    return n


@flow(cache=False)
def crowds(name: str) -> list[int]:
    return crowd.map([f"{name}{n}" for n in range(3)]).results()


@flow(cache=False)
def calls() -> list[int]:
    return [call(0), *call.map([1, 2]).results()]  # the third one has to wait


@flow(concurrency=1, cache=False)
def alone(name: str) -> str:
    _stay(name)
    with (HERE / "order").open("a", encoding="utf-8") as file:
        file.write(name)
    return name


@flow(concurrency=1, cache=False)
def asking(name: str) -> str:
    if name == "asks":
        kitaru.wait(name="go_on", schema=bool, timeout=0)
    return name
