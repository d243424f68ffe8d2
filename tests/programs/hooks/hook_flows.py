"""Flows whose hooks write down what they get."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import kitaru
from kitaru import CheckpointExecution, Execution, checkpoint, flow

HERE = Path(__file__).parent


def _write(line: str) -> None:
    with (HERE / "called.txt").open("a") as file:
        file.write(f"{line}\n")


def ended(execution: Execution) -> None:
    failure = execution.failure.message if execution.failure else None
    _write(f"{execution.flow_name} {execution.status} {failure}")


async def ended_async(execution: Execution) -> None:
    await asyncio.sleep(0)
    _write(f"{execution.flow_name} async {execution.status}")


def at_end(execution: Execution) -> None:
    _write(f"{execution.flow_name} at last {execution.status}")


def asked(execution: Execution) -> None:
    waits = execution.pending_wait
    _write(f"{execution.flow_name} {execution.status} for {waits.name if waits else None}")


def broken(_execution: Execution) -> None:
    raise ValueError("POST https://hooks.example/services/T00/B00/not-for-logs has failed")


def of_call(call: CheckpointExecution) -> None:
    _write(f"{call.name} {call.status} in {len(call.attempts)}")


def broken_of_call(_call: CheckpointExecution) -> None:
    raise ValueError("this one as well")


@checkpoint(on_success=[broken_of_call, of_call], on_failure=of_call, retries=1, cache=True)
def double(n: int) -> int:
    if n < 0:
        raise ArithmeticError(f"{n} is negative")
    return 2 * n


@checkpoint(cache=False)
def hold() -> None:
    (HERE / "held").touch()
    while not (HERE / "go").exists():
        time.sleep(0.05)


@flow(on_success=[broken, ended, ended_async], on_end=at_end)
def doubled(n: int) -> int:
    try:
        double(-n)
    except ArithmeticError:
        return double(n)
    return 0


@flow(on_failure=ended, on_success=ended, on_end=at_end, retries=1)
def mended() -> int:
    if not (HERE / "mended").exists():
        raise RuntimeError("not yet")
    return 1


@flow(on_wait=asked, on_cancelled=ended, on_end=[at_end, kitaru.hooks.alert])
def asks() -> bool:
    first = kitaru.wait(schema=bool, name="first", timeout=60)
    return first and kitaru.wait(schema=bool, name="second", timeout=0)


@flow(on_failure=kitaru.hooks.alert, on_success=kitaru.hooks.alert)
def alerting(apart: bool = False) -> str:
    hold()
    return f"{apart} {os.getpid()}"
