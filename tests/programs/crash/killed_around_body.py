"""A worker dies before the body starts, or after the result is stored, and is replaced."""

from __future__ import annotations

from mortal_flows import three
from outcomes import ended, executions, out

if __name__ == "__main__":
    exec_id = three.run(retries=1).exec_id
    status = ended(exec_id)
    execution = executions.get(exec_id)
    out((exec_id, status, executions.result(exec_id), [(a.outcome, a.reason) for a in execution.attempts]))
