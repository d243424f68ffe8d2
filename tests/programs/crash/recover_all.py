"""Print how executions ended, which of them ``recover`` takes up, and how they end then."""

from __future__ import annotations

import sys

from outcomes import ended, executions, out

if __name__ == "__main__":
    ids = sys.argv[1:]
    before = [ended(exec_id) for exec_id in ids]
    recovered = [handle.exec_id for handle in executions.recover()]
    out((before, recovered, [(ended(exec_id), executions.result(exec_id)) for exec_id in ids]))
