"""Runs a flow with one checkpoint and prints its result."""

from __future__ import annotations

from kitaru import checkpoint, flow


@checkpoint
def one() -> int:
    return 1


@flow
def f() -> int:
    return one()


if __name__ == "__main__":
    print("result", f.run().wait(progress=False))
