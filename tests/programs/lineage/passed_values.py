"""Values of several kinds that checkpoints make and pass on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable


class Report(BaseModel):
    title: str
    lines: list[str] = []


@dataclass
class Box:
    items: list[int] = field(default_factory=list)


VALUES: dict[str, Callable[[], Any]] = {
    "list": lambda: [1, 2, 3],
    "dict": lambda: {"a": [1]},
    "text": lambda: "a text",
    "bytes": lambda: b"some bytes",
    "number": lambda: 12345,
    "float": lambda: 2.5,
    "tuple": lambda: (1, 2),
    "set": lambda: {1, 2},
    "model": lambda: Report(title="t"),
    "box": lambda: Box([1]),
    "array": lambda: np.arange(3),
    "frame": lambda: pd.DataFrame({"a": [1, 2]}),
}
