"""A flow without retries of its own, which succeeds the second time."""

from __future__ import annotations

from pathlib import Path

from kitaru import flow


@flow(retries=0)
def second_time_lucky() -> int:
    tries = Path("tries")
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    if len(tries.read_text()) < 2:
        raise RuntimeError("the first try fails")
    return len(tries.read_text())
