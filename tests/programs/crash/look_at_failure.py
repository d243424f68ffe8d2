"""Print the status of an execution, where its failure came from, and the statuses of its checkpoints."""

from __future__ import annotations

import sys

from kitaru import FlowHandle

if __name__ == "__main__":
    execution = FlowHandle.from_id(sys.argv[1]).execution
    assert execution.failure is not None, execution
    print(execution.status, execution.failure.origin, [c.status for c in execution.checkpoints])
