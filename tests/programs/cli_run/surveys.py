"""A flow that takes a class as input, and one that fails; the module prints as it is loaded."""

from __future__ import annotations

import dataclasses
from typing import Any

from kitaru import checkpoint, flow

print("loading")  # must not get into the result


@dataclasses.dataclass
class Query:
    text: str
    limit: int = 10


@checkpoint
def search(query: Query) -> list[str]:
    return [query.text] * query.limit


@flow
def survey(query: Query, title: str = "untitled") -> dict[str, Any]:
    return {"title": title, "hits": search(query), "type": type(query).__name__}


@flow
def fail() -> None:
    raise RuntimeError("the body fails")
