"""A module with a flow, whose file is deleted once the program has imported it."""

from __future__ import annotations

from kitaru import flow


@flow
def one() -> int:
    return 1
