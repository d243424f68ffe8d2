"""Wait for an execution, and tell how it went; the argument is its id."""

from __future__ import annotations

import json
import sys

from kitaru import FlowHandle

if __name__ == "__main__":
    handle = FlowHandle[str].from_id(sys.argv[1])
    value = handle.wait(progress=False)
    execution = handle.execution
    tries = [attempt.model_dump(mode="json") for attempt in execution.checkpoints[0].attempts]
    attempts = [attempt.model_dump(mode="json") for attempt in execution.attempts]
    print(json.dumps({"value": value, "calls": tries, "attempts": attempts}))
