"""Five flows that steer single calls: submit, with_options, after, id, and plain Python between them."""

from __future__ import annotations

import time
from typing import Any

from kitaru import checkpoint, flow


@checkpoint
def fetch(page: int) -> str:
    return f"page {page}"


@checkpoint
def join(pages: list[Any]) -> str:
    return ", ".join(pages)


@checkpoint
def moment() -> int:
    return time.time_ns()


@checkpoint
def collatz(number: int) -> int:
    return number // 2 if number % 2 == 0 else 3 * number + 1


@flow
def submitted() -> str:
    """Calls that run side by side; their futures are passed on as they are."""
    return join([fetch.submit(1), fetch.submit(2)])


@flow
def optioned() -> bool:
    """One call that is tried again twice, and not taken from the cache."""
    fresh = moment.with_options(cache=False, retries=2)
    return fresh() < fresh()


@flow
def ordered() -> bool:
    """A call that comes after others, though it takes nothing of theirs."""
    pages = fetch.map([1, 2])
    first = moment.with_options(cache=False, after=pages).submit()
    second = moment.with_options(cache=False, after=[first]).submit()
    return first.result() < second.result()


@flow
def identified() -> list[str]:
    """Calls by names of the author's."""
    named = fetch.with_options(id=lambda page: f"page-{page}").map([3, 4])
    return [future.name for future in named]


@flow
def looped(start: int = 6) -> list[int]:
    """As many calls as it takes: what comes next depends on what came before."""
    steps = [start]
    while steps[-1] != 1:
        steps.append(collatz(steps[-1]))
    return steps


if __name__ == "__main__":
    for each in (submitted, optioned, ordered, identified, looped):
        print(each.name, each.run().wait(timeout=120))
