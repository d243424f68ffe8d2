"""A flow that is cancelled, and takes two seconds to clean up."""

from __future__ import annotations

import time
from pathlib import Path

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def serves() -> None:
    Path("started").touch()
    try:
        time.sleep(600)
    finally:
        time.sleep(2)
        Path("cleaned").touch()


@flow
def serving() -> None:
    serves()


if __name__ == "__main__":
    handle = serving.run()
    while not Path("started").exists():
        time.sleep(0.05)
    handle.cancel()
    print(handle.status)
