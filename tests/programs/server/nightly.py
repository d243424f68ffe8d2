"""The flow that the job of the page about servers runs."""

from __future__ import annotations

from kitaru import checkpoint, flow


@checkpoint
def count(day: str) -> int:
    return len(day)


@flow
def nightly(day: str) -> int:
    return count(day)
