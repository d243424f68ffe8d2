"""Flows that are started from children of a script, whose main module is called __mp_main__ where they are spawned."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from kitaru import checkpoint, flow


@dataclass
class Given:
    number: int


@checkpoint(cache=False)
def add(given: Given) -> Given:
    return Given(given.number + 1)


@flow
def added(given: Given) -> Given:
    return add(given)


def start(number: int) -> list[object]:
    value = added.run(Given(number)).wait(timeout=300, progress=False)
    return [value.number, isinstance(value, Given)]


if __name__ == "__main__":
    seen = {}
    for method in ("spawn", "forkserver"):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
            seen[method] = pool.submit(start, 1).result()
    seen["here"] = start(1)
    print(json.dumps(seen))
