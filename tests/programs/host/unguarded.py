"""Starts its flow at its top level, without looking whether it is the script."""

from __future__ import annotations

from kitaru import checkpoint, flow


@checkpoint
def one() -> int:
    return 1


@flow
def unguarded() -> int:
    return one() + AFTER


handle = unguarded.run()
AFTER = 1
print(handle.wait(progress=False))
