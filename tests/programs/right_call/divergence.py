"""A body that is changed after a failure: it calls fewer, more or other checkpoints than were recorded before that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from marks import HERE, ending, once, ran, show

from kitaru import KitaruClient, checkpoint, flow

if TYPE_CHECKING:
    from kitaru import Checkpoint

CODE = HERE / "code.txt"


@checkpoint(cache=False)
def first() -> str:
    ran("first")
    return "1"


@checkpoint(cache=False)
def second() -> str:
    ran("second")
    return "2"


@checkpoint(cache=False)
def unforeseen() -> str:
    ran("unforeseen")
    return "?"


@checkpoint(cache=False)
def last() -> str:
    ran("last")
    if once("last"):
        raise ConnectionError("this once")
    return "3"


def course() -> list[Checkpoint[[], str]]:
    between = {"recorded": [second], "fewer": [], "more": [unforeseen, second], "other": [unforeseen]}
    return [first, *between[CODE.read_text(encoding="utf-8")], last]


@flow
def in_order() -> str:
    return " ".join([call() for call in course()])


@flow
async def in_async_order() -> str:
    return " ".join([await call.submit() for call in course()])


FLOWS = {made.name: made for made in (in_order, in_async_order)}


def main(name: str, change: str) -> None:
    CODE.write_text("recorded", encoding="utf-8")
    handle = FLOWS[name].run()
    facts = {"first": ending(handle)["status"]}
    executions = KitaruClient().executions
    CODE.write_text(change, encoding="utf-8")
    diverged = ending(executions.retry(handle.exec_id))
    CODE.write_text("recorded", encoding="utf-8")
    mended = ending(executions.retry(handle.exec_id)) if diverged["status"] == "failed" else None
    show(**facts, diverged=diverged, mended=mended)


if __name__ == "__main__":
    main(*sys.argv[1:])
