"""A flow that asks before it publishes, and cannot publish before a file is there; its module prints as it is loaded."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel

import kitaru
from kitaru import checkpoint, flow

print("this module is loaded", flush=True)  # which the protocol must not see


class Report(BaseModel):
    words: int
    tone: str


@checkpoint
def draft(topic: str) -> str:
    print("drafting", topic)
    os.write(2, b"kitaru: checkpoint draft failed\n")  # which is the flow's output, not its runner's word
    return f"All about {topic}. " * 100


@checkpoint
def publish(text: str, tone: str) -> Report:
    if not Path("mended").exists():
        raise LookupError("it is not mended")
    return Report(words=len(text.split()), tone=tone)


@flow(image={"environment": {"API_KEY": "marked-key"}})
def article(topic: str, tone: str = "dry") -> Report:
    text = draft(topic)
    kitaru.wait(question="Publish it?", name="release")
    return publish(text, tone)
