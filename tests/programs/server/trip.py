"""A flow that asks, and then fails until it is mended; and one that is quick."""

from __future__ import annotations

from pathlib import Path

import kitaru
from kitaru import checkpoint, flow


@checkpoint
def collect(number: int) -> int:
    print("collecting")
    return number + 1


@checkpoint
def double(number: int) -> int:
    if not Path("mended").exists():
        raise RuntimeError("not mended yet")
    return number * 2


@flow
def trip(number: int) -> int:
    collected = collect(number)
    if not kitaru.wait(name="go", question="Go on?", timeout=60):
        return 0
    return double(collected)


@flow
def quick() -> int:
    print("quickly")
    return 7
