"""Print the ids of all executions."""

from __future__ import annotations

from outcomes import executions, out

if __name__ == "__main__":
    out([execution.exec_id for execution in executions.list()])
