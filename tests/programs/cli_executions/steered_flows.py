"""Flows that are steered from the command line: one fails until it is mended, one never ends, one asks questions."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

import kitaru
from kitaru import checkpoint, flow


class Review(BaseModel):
    stars: int
    remark: str = "none"


def ran(name: str) -> None:
    with Path("ran.txt").open("a") as file:
        print(name, file=file)


@checkpoint(cache=False)
def first() -> int:
    ran("first")
    print("the first speaks")
    return 1


@checkpoint(cache=False)
def second(number: int) -> dict[str, int]:
    ran("second")
    raise RuntimeError("not mended yet")


@flow
def report(title: str = "T") -> dict[str, int]:
    return second(first())


@checkpoint(cache=False)
def endless() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path("started").write_text(str(child.pid))
    print("the endless one speaks", flush=True)
    time.sleep(600)


@flow
def forever() -> None:
    endless()


@flow
def asking(more: bool = False) -> list[Any]:
    first()
    answers: list[Any] = [kitaru.wait(name="publish", question="Publish the report?")]
    answers.append(kitaru.wait(Literal["red", "green"], name="colour"))
    answers.append(kitaru.wait(Review, name="review", timeout=0 if more else 600).model_dump())
    return answers if not more else [*answers, kitaru.wait(name="more")]
