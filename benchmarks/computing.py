"""Checkpoints that compute, in the flow's process and in processes of their own."""

import time

from kitaru import checkpoint, flow

NOW = time.perf_counter


@checkpoint(cache=False)
def compute(count: int) -> int:
    return sum(number * number % 7 for number in range(count))


@checkpoint(cache=False, runtime="process")
def add_one(number: int) -> int:
    return number + 1


@flow(cache=False)
def computes(runtime: str, width: int, count: int) -> float:
    """Tell how long a fan-out takes, the start of processes included."""
    start = NOW()
    compute.with_options(runtime=runtime).map([count] * width).results()
    return NOW() - start


@flow(cache=False)
def trivial_in_process(length: int) -> list:
    """Tell how long each of some calls takes, but for the first few."""
    marks = []
    for number in range(length):
        start = NOW()
        add_one(number)
        marks.append(NOW() - start)
    return marks[5:]
