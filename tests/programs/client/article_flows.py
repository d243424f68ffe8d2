"""A flow whose checkpoint prints, logs, saves and fails once; and a flow that always fails."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any

import kitaru
from kitaru import checkpoint, flow


@checkpoint(cache=False, retries=1, type="tool_call")
def split(text: str) -> tuple[Annotated[list[str], "words"], Annotated[int, "count"]]:
    print("splitting", repr(text))
    print("long " * 3000)  # which ZenML stores in pieces
    logging.getLogger("mine").warning("a warning")
    kitaru.log(tokens={"in": 1}, model="small")
    kitaru.log(tokens={"out": 2}, model="large")
    kitaru.progress("half", fraction=0.5)
    if not Path("tried").exists():
        Path("tried").touch()
        raise ValueError("not yet")
    kitaru.save("raw", {1: text}, type="data", tags=["mine"])
    words = text.split()
    return words, len(words)


@checkpoint
def join(words: list[str]) -> str:
    return "-".join(words)


@flow
def article(text: str, mark: Any = frozenset()) -> str:
    kitaru.log(stage={"a": 1})
    kitaru.log(stage={"b": 2})
    kitaru.save("note", "body")
    wrong_names: tuple[Any, ...] = ("", "n" * 201, 3)
    for name in wrong_names:
        message = "it was saved"
        try:
            kitaru.save(name, "body")
        except kitaru.KitaruUsageError as error:
            message = str(error)
        assert "some text of up to 200 letters" in message, (name, message)
    words, _ = split(text)
    return join(words)


@flow
def broken() -> None:
    raise RuntimeError("always")
