"""Bodies that catch everything, and ask in their second attempt for something else than was recorded."""

from __future__ import annotations

import asyncio
import sys

from marks import ending, is_marked, mark, once, ran, show, unmark

from kitaru import KitaruClient, checkpoint, flow

# Stands for whatever differs: an edit, a clock, chance.
EDITED = "edited"


@checkpoint(cache=False)
def fetch(number: int) -> str:
    ran(f"fetch {number}")
    return f"text {number}"


@checkpoint(cache=False)
def check(text: str) -> str:
    ran(f"check {text}")
    return f"checked {text}"


@checkpoint(cache=False)
def grade(text: str) -> str:
    ran(f"grade {text}")
    return f"grade of {text}"


def graded(number: int) -> str:
    text = fetch(number)
    return grade(text if number == 1 or is_marked(EDITED) else check(text))


async def graded_beside(number: int) -> str:
    text = await fetch.submit(number)
    return await grade.submit(text if number == 1 or is_marked(EDITED) else await check.submit(text))


def fail_once() -> None:
    if once("failure"):
        mark(EDITED)
        raise ConnectionError("this once")


@flow(retries=1)
def catching_exceptions() -> dict[int, str]:
    grades = {}
    for number in (1, 2):
        try:
            grades[number] = graded(number)
        except Exception as error:  # noqa: BLE001 - bodies do, and divergence is not theirs to catch
            print(f"left out {number}: {error}")
    fail_once()
    return grades


@flow(retries=1)
def catching_everything() -> dict[int, str]:
    grades = {}
    for number in (1, 2):
        try:
            grades[number] = graded(number)
        except BaseException as error:  # noqa: BLE001 - the same
            print(f"left out {number}: {error}")
    fail_once()
    return grades


@flow(retries=1)
async def gathering_exceptions() -> dict[int, str]:
    grades = await asyncio.gather(graded_beside(1), graded_beside(2), return_exceptions=True)
    fail_once()
    return {number: grade for number, grade in enumerate(grades, 1) if isinstance(grade, str)}


FLOWS = {made.name: made for made in (catching_exceptions, catching_everything, gathering_exceptions)}


def main(name: str) -> None:
    handle = FLOWS[name].run()
    diverged = ending(handle)
    unmark(EDITED)
    mended = ending(KitaruClient().executions.retry(handle.exec_id)) if diverged["status"] == "failed" else None
    show(diverged=diverged, mended=mended)


if __name__ == "__main__":
    main(sys.argv[1])
