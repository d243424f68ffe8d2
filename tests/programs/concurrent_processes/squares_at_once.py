"""Starts a flow once it is told to on its standard input, and waits for it."""

from __future__ import annotations

import sys

from kitaru import checkpoint, flow


@checkpoint
def square(x: int) -> int:
    return x * x


@checkpoint
def total(values: list[int]) -> int:
    return sum(values)


@flow
def work(start: int) -> int:
    return total([future.result() for future in square.map([start, start + 1, start + 2])])


if __name__ == "__main__":
    sys.stdin.readline()  # all of them at once
    handle = work.run(int(sys.argv[1]))
    print(handle.exec_id, handle.wait(timeout=300), handle.status)
