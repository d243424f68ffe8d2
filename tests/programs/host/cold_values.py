"""Hands values of its own classes, and others, to a flow and takes them back; prints what it saw, and what it loaded."""

from __future__ import annotations

import datetime as dt
import enum
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from kitaru import checkpoint, flow


class Colour(enum.Enum):
    RED = "red"


class Order(BaseModel):
    number: int
    colour: Colour


@dataclass
class Point:
    x: int
    y: int


@checkpoint
def passed_on(value: Any) -> Any:
    return value


@flow
def back(value: Any) -> Any:
    return passed_on(value)


@flow
def kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__name__}"


if __name__ == "__main__":
    values = {
        "plain": {"list": [1, 2.5, None, True], "text": "ü", "nested": {"a": [1]}},
        "moment": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        "bytes": b"\0\1",
        "model": Order(number=1, colour=Colour.RED),
        "point": Point(1, 2),
        "path": Path("a/b"),
    }
    for name in sys.argv[1:]:
        value: Any = values[name]
        seen = kind.run(value).wait(timeout=300, progress=False)
        handle = back.run(value)
        submitted_cold = "zenml" not in sys.modules
        result = handle.wait(timeout=300, progress=False)
        waited_cold = "zenml" not in sys.modules
        assert type(result) is type(value), (type(result), type(value))
        assert result == value, result
        print(json.dumps([seen, submitted_cold, waited_cold]))
