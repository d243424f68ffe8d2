"""What Kitaru does, measured from inside: prints one JSON object of seconds (and bytes, where the name says so)."""

import json
import os
import resource
import sys
import threading
import time

import zenml.client  # noqa: F401 - a program that has loaded ZenML submits by itself; others are in cold_kitaru.py
from computing import computes, trivial_in_process

from kitaru import FlowHandle, checkpoint, flow, wait

NOW = time.perf_counter


@checkpoint(cache=False)
def add_one(number: int) -> int:
    return number + 1


@checkpoint
def remembered(number: int) -> int:
    return number + 1


@checkpoint(cache=False)
def nap(number: int) -> int:
    time.sleep(0.2)
    return number


@checkpoint(cache=False)
def moment() -> float:
    return time.time()


@checkpoint(cache=False)
def make(size: int) -> bytes:
    return os.urandom(size)


@checkpoint(cache=False)
def length(data: bytes) -> int:
    return len(data)


@flow
def chain(length: int) -> list:
    marks = []
    for number in range(length):
        start = NOW()
        add_one(number)
        marks.append(NOW() - start)
    return [marks, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]


@flow
def hits(length: int) -> list:
    marks = []
    for number in range(length):
        start = NOW()
        remembered(number)
        marks.append(NOW() - start)
    return marks


@flow
def fan(width: int) -> float:
    start = NOW()
    assert sum(future.result() for future in [nap.submit(number) for number in range(width)]) == sum(range(width))
    return NOW() - start


@flow
def first() -> list:
    start = time.time()
    return [moment(), start]


@flow(cache=False)
def large(size: int) -> float:
    start = NOW()
    data = make(size)
    for _ in range(5):
        length(data)
    return NOW() - start


@checkpoint(cache=False)
def use(value: object, number: int) -> int:  # noqa: ARG001 - to be given it is all
    return number


@checkpoint(cache=False)
def arrays() -> list:
    import numpy as np

    return [np.zeros((10_000, 64)), np.ones((10_000, 64))]


@flow(cache=False)
def inputs() -> dict:
    """Tell how long a call takes that is given an array, by where that comes from: the first time, and later."""
    import numpy as np
    import pandas as pd

    kinds = {
        "a 5 MB array made in the body": lambda: np.random.default_rng().random((10_000, 64)),
        "a 5 MB array of a list": lambda: arrays()[1],
        "a 5 MB frame made in the body": lambda: pd.DataFrame(np.random.default_rng().random((10_000, 64))),
        "plain": lambda: "plain",
    }
    seen = {}
    use("warm", 0)
    for kind, make_one in kinds.items():
        value, marks = make_one(), []
        for number in range(6):
            start = NOW()
            use(value, number)
            marks.append(NOW() - start)
        seen[kind] = marks
    return seen


@flow(cache=False)
def asking() -> float:
    wait(bool, name="go", timeout=60)
    return time.time()


def result(handle: FlowHandle) -> object:
    return handle.wait(timeout=900, progress=False)


def main(lengths: list[int]) -> None:
    out: dict[str, object] = {}
    result(first.run())  # loads everything, and creates the pipeline
    times, firsts = [], []
    for _ in range(5):
        start = time.time()
        handle = first.run()
        times.append(time.time() - start)
        stamp, _ = result(handle)
        firsts.append(stamp - start)
    out["run"] = times
    out["first checkpoint"] = firsts

    seen = result(inputs.run())
    out["plain input"] = seen.pop("plain")
    for kind, (earliest, *later) in seen.items():
        out[f"{kind}, the first time"], out[f"{kind}, later"] = [earliest], later

    os.environ["KITARU_HOST"] = "off"  # one that loads beside a measurement would be measured with it

    sequential, out["worker bytes, 10 checkpoints"] = result(chain.run(10))
    for length in lengths:
        sequential, out[f"worker bytes, {length} checkpoints"] = result(chain.run(length))
    out["checkpoint"] = sequential[5:]
    out["checkpoint number 10"] = sequential[5:55]
    out["last checkpoints"] = sequential[-50:]

    result(hits.run(100))
    out["cached checkpoint"] = result(hits.run(100))
    result(fan.run(2))
    out["50 at once"] = [result(fan.run(50))]
    # Both in a program that runs nothing else: the processes share the cores with whatever does.
    out["computing, inline"] = [result(computes.run("inline", 8, 20_000_000))]
    out["computing, processes"] = [result(computes.run("process", 8, 20_000_000))]
    out["checkpoint in a process"] = result(trivial_in_process.run(30))
    out["50 MB to 5"] = [result(large.run(50 * 2**20))]

    handle = first.run()
    result(handle)
    statuses = []
    for _ in range(100):
        start = NOW()
        assert handle.status == "completed"
        statuses.append(NOW() - start)
    out["status"] = statuses

    late = []
    for _ in range(3):
        handle = first.run()
        result(handle)
        late.append(time.time() - handle.execution.ended_at.timestamp())
    out["wait() after the end"] = late

    answered = []
    for _ in range(3):
        handle = asking.run()
        while handle.status != "waiting":
            time.sleep(0.05)
        given = time.time()
        threading.Thread(target=handle.input, args=(True,)).start()
        answered.append(result(handle) - given)
    out["answer"] = answered
    print("OUT" + json.dumps(out))


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
