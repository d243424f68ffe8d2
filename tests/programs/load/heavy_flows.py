"""Flows of ten checkpoints, of a thousand, and of two hundred at once."""

from __future__ import annotations

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def add(x: int, y: int) -> int:
    return x + y


@flow(cache=False)
def ten(start: int) -> int:
    for _ in range(10):
        start = add(start, 1)
    return start


@flow(cache=False)
def thousand() -> int:
    total = 0
    for number in range(1000):
        total = add(total, number)
    return total


@flow(cache=False)
def crowd() -> int:
    return sum(future.result() for future in [add.submit(n, n) for n in range(200)])
