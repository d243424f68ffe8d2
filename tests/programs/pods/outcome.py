"""Waits for an execution and prints its result or error, how its attempts ended, and its status.

Its id and the seconds to wait for it are the arguments.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from kitaru import FlowHandle


def value_of(handle: FlowHandle[Any], timeout: float) -> Any:
    try:
        return handle.wait(timeout=timeout)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    handle = FlowHandle.from_id(sys.argv[1])
    value = value_of(handle, float(sys.argv[2]))
    execution = handle.execution
    print(json.dumps([value, [a.outcome for a in execution.attempts], str(handle.status)]))
