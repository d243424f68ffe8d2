"""A script that starts its flow at its top level, and then exits."""

from __future__ import annotations

from kitaru import checkpoint, flow


@checkpoint
def one(x: int) -> int:
    return x + 1


@flow
def f(x: int) -> int:
    return one(x)


handle = f.run(1)
print(handle.exec_id, handle.wait())
raise SystemExit(0)
