"""Three executions ask: two wait at length, and the last one meets the crash points of the argument as it pauses."""

from __future__ import annotations

import os
import sys
from functools import partial

from mortal_flows import asking
from outcomes import executions, out, until

if __name__ == "__main__":
    ids = [asking.run(600.0, retries=retries).exec_id for retries in (1, 0)]
    os.environ["KITARU_CRASH_POINT"] = sys.argv[1]
    ids.append(asking.run(0.2, retries=1).exec_id)
    for exec_id in ids:
        until(partial(executions.pending_waits, exec_id))
    out(ids)
