"""A flow whose second checkpoint fails until its code is mended."""

from __future__ import annotations

from marks import ran

from kitaru import checkpoint, flow


@checkpoint
def load(topic: str) -> str:
    ran("load")
    return f"all about {topic}"


@checkpoint
def summarise(text: str) -> str:
    ran("summarise")
    raise LookupError("no model")


@checkpoint
def send(text: str) -> str:
    ran("send")
    return f"sent: {text}"


@flow
def digest(topic: str) -> str:
    return send(summarise(load(topic)))
