"""Flows that store a page; one of them goes on when a person says so."""

from __future__ import annotations

import kitaru
from kitaru import checkpoint, flow


@checkpoint(cache=False)
def page() -> str:
    return "a page"


@flow
def publication() -> str:
    text = page()
    kitaru.wait(name="publish", schema=bool)
    return text


@flow
def storing() -> str:
    return page()
