"""A checkpoint returns the list that its module keeps: what the body gets is the list as it was, in each attempt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kitaru import checkpoint, flow

history: list[str] = []


@checkpoint
def remember(what: str) -> list[str]:
    history.append(what)
    return history


@checkpoint
async def remember_inside(what: str) -> dict[str, Any]:
    history.append(what)
    return {"history": (history, 1)}


@checkpoint
def look(seen: Any) -> Any:
    return list(seen)


@flow(retries=1)
def remembering() -> Any:
    first, second = remember("a"), remember_inside.submit("b").result()
    first_seen = look(first)
    second["history"][0].append("by the body")  # which the checkpoint's own does not get
    third = remember.submit("c")
    seen = json.dumps([first, second, first_seen, third.result()])
    if not Path("seen").exists():
        Path("seen").write_text(seen)
        raise ValueError("once more")
    return [Path("seen").read_text() == seen, json.loads(seen)]


if __name__ == "__main__":
    print(json.dumps(remembering.run(cache=False).wait(progress=False)))
