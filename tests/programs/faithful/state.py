"""Objects that hold more than their fields, through the next checkpoint, the body and a retry; prints what arrives."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr

from kitaru import checkpoint, flow


@dataclass
class Order:
    item: str

    def __post_init__(self) -> None:
        self.key = uuid.uuid4().hex


@dataclass
class Tokenizer:
    words: list[str]

    def __post_init__(self) -> None:
        self.vocabulary: dict[str, int] = {}

    def fit(self) -> Tokenizer:
        self.vocabulary = {word: number for number, word in enumerate(self.words)}
        return self


class Slotted:
    __slots__ = ("extra",)
    extra: int


@dataclass
class OnSlots(Slotted):
    a: int


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int
    _seen: list[int] = PrivateAttr(default_factory=list)


class Tags(list):  # type: ignore[type-arg]
    owner = "nobody"


class OddError(Exception):
    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


def made() -> dict[str, Any]:
    slotted, model, tags, error = OnSlots(1), Model(a=1, more=2), Tags(["a"]), OddError("text")  # type: ignore[call-arg]
    slotted.extra, tags.owner, error.code = 2, "me", 3
    model._seen.append(4)
    return {
        "order": Order("tea"),
        "tokenizer": Tokenizer(["a", "b"]).fit(),
        "slotted": slotted,
        "model": model,
        "tags": tags,
        "error": error,
    }


@checkpoint(cache=False)
def make(kind: str) -> Any:
    return made()[kind]


def told(value: Any) -> str:
    if type(value) is list:
        (value,) = value
    state = dict(getattr(value, "__dict__", {}))
    for name in ("extra", "_seen", "more"):
        if hasattr(value, name):
            state[name] = getattr(value, name)
    return f"{type(value).__name__} {list(value) if isinstance(value, list) else ''} {sorted(state.items())}"


@checkpoint(cache=False)
def use(value: Any) -> str:
    return told(value)


@flow(retries=1, cache=False)
def carried() -> list[list[str]]:
    seen = []
    for kind in made():
        value = make(kind)
        seen.append([told(value), use(value), use([value])])
    with Path("seen.jsonl").open("a") as file:
        file.write(json.dumps(seen) + "\n")
    if len(Path("seen.jsonl").read_text().splitlines()) == 1:
        raise ConnectionError("this once")
    return seen


if __name__ == "__main__":
    carried.run().wait(progress=False)
    print(Path("seen.jsonl").read_text())
