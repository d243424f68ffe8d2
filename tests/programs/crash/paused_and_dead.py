"""One execution waits for an answer, another one dies as the argument says."""

from __future__ import annotations

import sys

from mortal_flows import asking, three
from outcomes import ended, executions, out, until

if __name__ == "__main__":
    paused, failed = asking.run(0.1), three.run(sys.argv[1])
    until(lambda: [a.outcome for a in executions.get(paused.exec_id).attempts] == ["waiting"])
    ended(failed.exec_id)
    out((paused.exec_id, failed.exec_id))
