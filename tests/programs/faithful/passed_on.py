"""Calls that wait for a future leave their places to those that can run, plain ZenML steps among them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from zenml import step

from kitaru import checkpoint, flow


@checkpoint
def until(name: str) -> str:
    while not Path(name).exists():
        time.sleep(0.01)
    return name


@checkpoint
def pass_on(value: str) -> str:
    return value


@step
def step_on(value: str) -> str:
    return value


@checkpoint
def touch(name: str) -> str:
    Path(name).touch()
    return name


@flow
def passing_on() -> Any:
    first: Any = until.submit("go")
    calls: list[Any] = [pass_on.submit(first), pass_on.map([[first]])[0], step_on.submit(first)]
    calls.append(step_on.submit("go", after=[calls[-1]]))
    last = touch.submit("go").result()
    values = [call.result() for call in calls]
    return [last, values[0], values[1][0], values[2].load(), values[3].load()]


if __name__ == "__main__":
    print(passing_on.run().wait(progress=False))
