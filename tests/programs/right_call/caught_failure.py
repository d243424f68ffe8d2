"""A failure is caught and its page left out; another attempt, or a replay, tries the page again."""

from __future__ import annotations

import sys
from typing import Any

from marks import answer_all, ending, is_marked, mark, once, ran, show

import kitaru
from kitaru import checkpoint, flow


@checkpoint(cache=False)
def fetch(page: int) -> str:
    ran(f"fetch {page}")
    if page == 2 and not is_marked("page 2 answers"):
        raise LookupError("page 2 does not answer, this once")
    return f"text {page}"


@checkpoint(cache=False)
def grade(text: str) -> str:
    ran(f"grade {text}")
    return f"grade of {text}"


@checkpoint(cache=False)
def store(grades: dict[int, str]) -> dict[int, str]:
    ran("store")
    if once("store"):
        mark("page 2 answers")
        raise ConnectionError("the database is away, this once")
    return grades


def grades_of(pages: tuple[int, ...], *, asks: bool = False) -> dict[int, str]:
    grades = {}
    for page in pages:
        try:
            text = fetch(page)
        except LookupError as error:
            print(f"left out: {error}")
            continue
        if asks and page == 2:
            kitaru.wait(bool, name="ok", question="Grade it?", timeout=0)
        grades[page] = grade(text)
    return grades


@flow(retries=1)
def stored() -> dict[int, str]:
    return store(grades_of((1, 2, 3)))


@flow(retries=1)
def approved() -> dict[int, str]:
    return store(grades_of((1, 2, 3), asks=True))


@flow
def collected() -> dict[int, str]:
    return grades_of((1, 2, 3))


FLOWS = {"retry": stored, "pause": approved, "replay": collected}


def main(case: str) -> None:
    handle = FLOWS[case].run()
    answer_all(handle, lambda _: True)
    facts: dict[str, Any] = {"original": ending(handle)}
    if case == "replay":
        mark("page 2 answers")
        replay = collected.replay(handle.exec_id)
        facts |= {"replay": ending(replay), "calls": [(c.name, c.replay) for c in replay.execution.checkpoints]}
    show(**facts)


if __name__ == "__main__":
    main(sys.argv[1])
