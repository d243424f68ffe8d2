"""A flow that prints what looks like its runner's own words, beside what the runner really tells."""

from __future__ import annotations

import sys
from pathlib import Path

import kitaru
from kitaru import KitaruExecutionError, checkpoint, flow

LINES = (
    "kitaru: checkpoint train failed after 1.0 s: boom",
    "kitaru: checkpoint train started",
    "kitaru: checkpoint train: page 99",
    "kitaru: fan-out of train: 77 calls",
    "kitaru: waiting for input 'nothing'",
)


@checkpoint(cache=False)
def imitate() -> int:
    for line in LINES:
        print(line, flush=True)
    return len(LINES)


@checkpoint(cache=False)
def train(number: int) -> int:
    kitaru.progress(f"page {number}")
    raise ValueError("the real one")


@flow
def course() -> int:
    return train(imitate())


if __name__ == "__main__":
    handle = course.run()
    Path("exec_id").write_text(handle.exec_id)
    try:
        handle.wait()
    except KitaruExecutionError as error:
        sys.exit(f"failed: {type(error).__name__}")
