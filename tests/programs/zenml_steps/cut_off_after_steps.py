"""Steps that have completed when the attempt is ended, by an error or by the end of its process."""

from __future__ import annotations

import os
import signal

from number_steps import RAN, has_run_once, load, ran, total

from kitaru import checkpoint, flow


@checkpoint
def stumble(how: str, numbers: list[int]) -> int:
    ran("stumble")
    if has_run_once("stumble"):
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ValueError("the first time")
    return sum(numbers)


@flow(cache=False, retries=1)
def mixed(how: str) -> int:
    started = load.submit(4)
    numbers = load(3)
    totals = total.map(started) if how == "map" else [total(numbers)]
    return stumble(how, numbers) + len(totals)


if __name__ == "__main__":
    for how in ("raise", "kill"):
        RAN.unlink(missing_ok=True)
        print(mixed.run(how).wait(progress=False), sorted(RAN.read_text(encoding="utf-8").split()))
