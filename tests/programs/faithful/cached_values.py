"""Values that the cache has to tell apart, or to know again in another process; prints what each call has got."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from pydantic import BaseModel

from kitaru import File, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable


class Tagged(BaseModel):
    tags: set[str]


@dataclass
class Noted:
    words: frozenset[str]
    arrays: list[Any] = field(default_factory=list)


def large(step: int) -> dict[str, str]:
    return {f"k{i}": "v" * 50 for i in range(200)[::step]}


@checkpoint(cache=False)
def made(count: int) -> Any:
    return {"array": np.ones(count), "words": {"a", "bb", "ccc"}}


# Each is made anew in each process.
KNOWN_AGAIN: dict[str, Callable[[], Any]] = {
    "set": lambda: {"a", "b", "ccc"},
    "sets": lambda: [{"a", "b", "ccc"}, {"x", "yy"}],
    "model": lambda: Tagged(tags={"a", "b", "ccc"}),
    "dataclass": lambda: Noted(frozenset({"a", "bb", "c"}), [np.arange(3)]),
    "array": lambda: np.arange(5000.0),
    "frame": lambda: pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]}),
    "file": lambda: File(__file__),
    "made": lambda: made(3),
}
TOLD_APART: dict[str, tuple[Any, Any]] = {
    "order": (large(1), large(-1)),
    "order inside": ([large(1), (1,)], [large(-1), (1,)]),
    "types": ([1] * 3000, [1.0] * 3000),
    "dtypes": (np.array([1, 0, 2, 0], np.int16), np.array([1, 2], np.int32)),
    "sequences": ([(1, 2)], [[1, 2]]),
}


@checkpoint
def show(name: str, value: Any) -> str:
    return f"{name} {type(value).__name__} {getattr(value, 'dtype', '')} {value!r:.100}"


def counter(words: set[str]) -> Any:
    @checkpoint
    def count(text: str) -> int:
        return sum(word in text for word in words)

    return count


count_words = counter({"a", "bb", "ccc"})


@flow
def cached() -> list[str]:
    for name, fresh in KNOWN_AGAIN.items():
        show(name, fresh())
    count_words("a bb")
    return [show(name, value) for name, pair in TOLD_APART.items() for value in pair]


if __name__ == "__main__":
    handle = cached.run()
    shown = handle.wait(progress=False)
    right = [show.func(name, value) for name, pair in TOLD_APART.items() for value in pair]
    print(json.dumps([shown == right, sorted(c.name for c in handle.execution.checkpoints if c.status != "cached")]))
