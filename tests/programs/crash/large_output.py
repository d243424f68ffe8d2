"""A flow that stores a large output once the disk is full."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mortal_flows import first, once, ran

from kitaru import checkpoint, flow

BALLAST = Path(os.environ["HOME"]) / "ballast"


@checkpoint(cache=False)
def large(x: int) -> bytes:
    ran("large")
    while once("begun") or not Path("full").exists():
        time.sleep(0.02)
    return os.urandom(6 * 2**20)


@checkpoint(cache=False)
def measure(data: bytes) -> int:
    ran("measure")
    return len(data)


@flow(cache=False)
def storing() -> int:
    return measure(large(first("")))
