"""Reads everything about an execution, then a value of it; prints whether ZenML was loaded after each."""

from __future__ import annotations

import json
import sys

from kitaru import checkpoint, flow


@checkpoint
def double(number: int) -> int:
    return 2 * number


@flow
def doubled() -> int:
    return double(21)


if __name__ == "__main__":
    handle = doubled.run()
    handle.wait(timeout=300, progress=False)
    execution = handle.execution
    seen = [execution.status, "zenml" in sys.modules]
    artifact = next(one for one in execution.artifacts if one.kind == "output")
    print(json.dumps([*seen, artifact.load(), "zenml" in sys.modules]))
