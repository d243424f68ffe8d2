"""The same work in plain ZenML: prints one JSON object of seconds."""

import json
import os
import sys
import time

from zenml import pipeline, step
from zenml.pipelines.run_utils import create_placeholder_run

NOW = time.perf_counter
MARKS: list[float] = []


@step(enable_cache=False)
def add_one(number: int) -> int:
    return number + 1


@step
def remembered(number: int) -> int:
    return number + 1


@step(enable_cache=False)
def nap(number: int) -> int:
    time.sleep(0.2)
    return number


@step(enable_cache=False)
def make(size: int) -> bytes:
    return os.urandom(size)


@step(enable_cache=False)
def length(data: bytes) -> int:
    return len(data)


@pipeline(dynamic=True)
def chain(length: int) -> None:
    for number in range(length):
        start = NOW()
        add_one(number=number)
        MARKS.append(NOW() - start)


@pipeline(dynamic=True)
def hits(length: int) -> None:
    for number in range(length):
        start = NOW()
        remembered(number=number)
        MARKS.append(NOW() - start)


@pipeline(dynamic=True)
def fan(width: int) -> None:
    start = NOW()
    for future in [nap.submit(number=number) for number in range(width)]:
        future.result()
    MARKS.append(NOW() - start)


@pipeline(dynamic=True)
def large(size: int) -> None:
    start = NOW()
    data = make(size=size)
    for _ in range(5):
        length(data=data)
    MARKS.append(NOW() - start)


def marks(run: object, *arguments: int) -> list[float]:
    MARKS.clear()
    run(*arguments)  # type: ignore[operator]
    return list(MARKS)


def submit() -> float:
    """Compile, store the snapshot and the placeholder run: what must exist before anything is launched."""
    start = NOW()
    prepared = chain.with_options()
    prepared.prepare(length=1)
    snapshot = prepared._create_snapshot(**prepared._run_args)  # noqa: SLF001 - what its own submission calls
    create_placeholder_run(snapshot=snapshot)
    return NOW() - start


def main(length: int) -> None:
    out: dict[str, object] = {}
    marks(chain, 2)
    out["run"] = [submit() for _ in range(5)]
    out["checkpoint"] = marks(chain, length)[5:]
    marks(hits, 100)
    out["cached checkpoint"] = marks(hits, 100)
    out["50 at once"] = marks(fan, 50)
    out["50 MB to 5"] = marks(large, 50 * 2**20)
    print("OUT" + json.dumps(out))


if __name__ == "__main__":
    main(int(sys.argv[1]))
