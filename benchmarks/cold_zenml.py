"""The same work as ``cold_kitaru.py`` as a ZenML pipeline, once: prints when it had its result."""

import time

from zenml import pipeline, step


@step(enable_cache=False)
def moment() -> float:
    return time.time()


@step(enable_cache=False)
def add_one(number: int) -> int:
    return number + 1


@pipeline(dynamic=True)
def quickstart() -> None:
    moment()
    assert add_one(number=1).load() > 1


if __name__ == "__main__":
    quickstart()
    print("RESULT", time.time(), flush=True)
