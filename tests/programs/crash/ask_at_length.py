"""An execution asks, and its runner looks for the answer."""

from __future__ import annotations

from mortal_flows import asking
from outcomes import executions, out, until

if __name__ == "__main__":
    exec_id = asking.run(600.0).exec_id
    until(lambda: executions.pending_waits(exec_id))
    out(exec_id)
