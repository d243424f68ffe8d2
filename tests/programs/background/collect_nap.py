"""Gets the result of an execution that another process has started."""

from __future__ import annotations

import sys

from kitaru import FlowHandle

handle = FlowHandle.from_id(sys.argv[1])
print(handle.wait(timeout=300))
assert handle.status == "completed"
assert handle.status.is_successful
assert handle.get() == handle.wait()
