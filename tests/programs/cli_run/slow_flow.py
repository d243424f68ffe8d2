"""A flow that goes on until a file is there."""

from __future__ import annotations

import time
from pathlib import Path

from kitaru import flow


@flow
def slow() -> str:
    Path("started").touch()
    while not Path("go").exists():
        time.sleep(0.05)
    return "done"
