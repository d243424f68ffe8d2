"""Two tasks of a flow ask at once: start it, answer what it asks, wait for its end."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from outcomes import ended, executions, out, until

import kitaru
from kitaru import flow

# Type checkers take it that a question is never awaited.
NUMBER: Any = int


@flow
async def two_at_once() -> list[int]:
    answers: list[int] = await asyncio.gather(kitaru.wait(NUMBER, name="a"), kitaru.wait(NUMBER, name="b"))
    return answers


def asked(exec_id: str) -> str | None:
    wait = executions.get(exec_id).pending_wait
    return wait.name if wait is not None else None


def main(what: str, exec_id: str | None = None) -> None:
    if exec_id is None:
        exec_id = two_at_once.run().exec_id
    if what == "start":
        until(lambda: asked(exec_id))
        out([exec_id, asked(exec_id)])
    elif what == "answer":
        executions.input(exec_id, value=1)
    else:
        until(lambda: asked(exec_id))
        executions.input(exec_id, value=2)
        out([ended(exec_id), sorted(executions.result(exec_id))])


if __name__ == "__main__":
    main(*sys.argv[1:])
