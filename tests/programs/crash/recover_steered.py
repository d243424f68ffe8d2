"""Print how executions stand after whoever steered them died, which ``recover`` takes up, and how they end."""

from __future__ import annotations

import sys

from outcomes import ended, executions, out

if __name__ == "__main__":
    ids = sys.argv[1:]
    became = [str(executions.get(exec_id).status) for exec_id in ids]
    recovered = [handle.exec_id for handle in executions.recover()]
    out((became, recovered, [(ended(exec_id), executions.result(exec_id)) for exec_id in ids]))
