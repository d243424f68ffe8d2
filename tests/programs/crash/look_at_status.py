"""Print the status of an execution, and why it has it."""

from __future__ import annotations

import sys

from kitaru import FlowHandle

if __name__ == "__main__":
    handle = FlowHandle.from_id(sys.argv[1])
    print(handle.status, handle.execution.status_reason)
