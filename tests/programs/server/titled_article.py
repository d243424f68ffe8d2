"""A flow that asks for a title and pauses at once."""

from __future__ import annotations

import kitaru
from kitaru import checkpoint, flow


@checkpoint
def draft(topic: str) -> str:
    return f"All about {topic}."


@flow
def article(topic: str) -> list[str]:
    text = draft(topic)
    return [text, kitaru.wait(str, question="Which title?", name="title", timeout=0)]
