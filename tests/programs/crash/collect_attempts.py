"""Wait for the result of an execution, and print its attempts."""

from __future__ import annotations

import json
import sys

from kitaru import FlowHandle

if __name__ == "__main__":
    handle = FlowHandle.from_id(sys.argv[1])
    assert handle.wait(timeout=300) == 3
    execution = handle.execution
    print(json.dumps([a.model_dump(mode="json") for a in execution.attempts]))
