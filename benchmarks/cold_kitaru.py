"""A small flow, started and waited for three times by a program that has loaded nothing: prints seconds as JSON."""

import json
import time

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def moment() -> float:
    return time.time()


@checkpoint(cache=False)
def add_one(number: int) -> int:
    return number + 1


@flow
def quickstart() -> float:
    begun = moment()
    assert add_one(1) > 1
    return begun


if __name__ == "__main__":
    runs, firsts = [], []
    for _ in range(3):
        start = time.time()
        handle = quickstart.run()
        runs.append(time.time() - start)
        firsts.append(handle.wait(progress=False) - start)
        if len(runs) == 1:
            print("RESULT", time.time(), flush=True)
    print("OUT" + json.dumps({"cold run": runs, "cold first checkpoint": firsts}))
