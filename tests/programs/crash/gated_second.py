"""A flow whose second checkpoint says which process it runs in, and stays until the test lets it go."""

from __future__ import annotations

import os
import time
from pathlib import Path

from kitaru import checkpoint, flow


def ran(name: str) -> None:
    with Path("ran.txt").open("a") as file:
        print(name, file=file, flush=True)


@checkpoint(cache=False)
def first() -> int:
    ran("first")
    return 1


@checkpoint(cache=False)
def second(x: int) -> int:
    ran("second")
    Path("pid").write_text(str(os.getpid()))
    while not Path("go").exists():
        time.sleep(0.02)
    return x + 1


@checkpoint(cache=False)
def third(x: int) -> int:
    ran("third")
    return x + 1


@flow(cache=False)
def three() -> int:
    return third(second(first()))
