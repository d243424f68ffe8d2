"""A flow with something to show: checkpoints at once, a retry, progress, output and, if wanted, a question."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import kitaru
from kitaru import checkpoint, flow


@checkpoint
def collect() -> int:
    return 6


@checkpoint(cache=False, retries=1)
def parse(number: int) -> int:
    if number == 1 and not Path("odd").exists():
        Path("odd").touch()
        raise ValueError("one is odd")
    kitaru.progress(f"page {number}")
    while number > 2 and not Path("go").exists():
        time.sleep(0.05)
    print(f"parsed {number}")
    return number


@flow
def survey(ask: bool = False) -> int:
    total = sum(parse.map(range(collect())).results())
    if ask:
        total += kitaru.wait(int, name="bonus", question="How much more?")
    return total + collect()


if __name__ == "__main__":
    print("result", survey.run(ask="ask" in sys.argv).wait())
