"""A flow that is soon done, and one that waits for a file in the middle of a checkpoint."""

from __future__ import annotations

import time
from pathlib import Path

from kitaru import checkpoint, flow


@checkpoint
def one() -> int:
    return 1


@checkpoint
def patient() -> int:
    Path("in-checkpoint").touch()
    while not Path("go").exists():
        time.sleep(0.02)
    return 2


@flow
def quick(text: str = "") -> int:
    return one()


@flow
def slow() -> int:
    return one() + patient()
