"""Flows that ask questions of many types: one after another, at once, and with a pause."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from marks import ran
from pydantic import BaseModel

import kitaru
from kitaru import checkpoint, flow

# As Any: the type of wait() does not say that async code awaits what it returns.
NUMBER: Any = int


class Review(BaseModel):
    stars: int
    remark: str = ""


@checkpoint(cache=False)
def part(n: int) -> int:
    ran(f"part {n}")
    return n


@flow
def several() -> list[Any]:
    parts = part.map([1, 2, 3])  # a wait after a fan-out
    answers = [kitaru.wait(question="Go on?")]
    for _ in range(2):
        answers.append(kitaru.wait(int, name="number"))  # noqa: PERF401 - each asks when the one before is answered
    answers.append(kitaru.wait(Literal["red", "green"], name="colour", metadata={"why": "taste"}))
    answers.append(kitaru.wait(Review, name="review"))
    answers.append(kitaru.wait(str, name="text"))
    return [sum(parts.results()), *answers]


@flow
async def concurrent() -> list[int]:
    answers: list[int] = await asyncio.gather(kitaru.wait(NUMBER, name="a"), kitaru.wait(NUMBER, name="b"))
    return answers


@flow
def patient() -> str:
    first = part(7)
    return f"{first} {kitaru.wait(str, name='word', timeout=0)} {part(8)}"
