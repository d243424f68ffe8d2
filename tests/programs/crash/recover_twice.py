"""Print what ``recover`` takes up, what it takes up again once the first execution has ended, and the statuses then."""

from __future__ import annotations

import sys

from outcomes import ended, executions, out

if __name__ == "__main__":
    recovered = [handle.exec_id for handle in executions.recover()]
    ended(sys.argv[1])
    out((recovered, executions.recover(), [str(executions.get(e).status) for e in sys.argv[1:]]))
