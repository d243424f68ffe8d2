"""A flow that sleeps until a file is there."""

from __future__ import annotations

import time
from pathlib import Path

from kitaru import checkpoint, flow


@checkpoint
def nap(seconds: float) -> str:
    while not Path("go").exists():
        time.sleep(0.02)
    return f"slept {seconds}"


@flow
def sleepy(seconds: float = 5.0) -> str:
    return nap(seconds)
