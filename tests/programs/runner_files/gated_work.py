"""A flow that stays in its checkpoint until a file is there, and one that ends at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def gate() -> str:
    Path("in-gate").touch()
    while not Path("go").exists():
        time.sleep(0.02)
    return "through"


@checkpoint(cache=False)
def one() -> int:
    return 1


@flow
def gated() -> str:
    return gate()


@flow
def short(given: Any = 0) -> int:
    return one()
