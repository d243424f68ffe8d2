"""A module with a flow, whose file the runner does not find."""

from __future__ import annotations

from kitaru import flow


@flow
def one() -> int:
    return 1
