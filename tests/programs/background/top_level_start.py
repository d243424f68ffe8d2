"""A script that starts its flow at top level, where the runner that imports it comes by, too."""

from __future__ import annotations

from pathlib import Path

from kitaru import checkpoint, flow


@checkpoint
def one() -> int:
    return 1


@flow
def two() -> int:
    return one() + 1


handle = two.run()
with Path("runs.txt").open("a") as file:
    print(handle.exec_id, file=file)
print(handle.wait())
