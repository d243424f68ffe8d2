"""Flows that settings and inputs are tried on."""

from __future__ import annotations

from typing import Any

from kitaru import checkpoint, flow


@checkpoint
def one() -> int:
    return 1


@flow
def plain() -> int:
    return one()


@flow(stack="nowhere")
def elsewhere() -> int:
    return one()


@flow
def takes(first: Any, second: Any = None, *rest: Any, **more: Any) -> int:
    return 1
