"""Wait for executions, and print how each ended, its result, and how many attempts it took."""

from __future__ import annotations

import sys

from outcomes import ended, executions, out

if __name__ == "__main__":
    out([(ended(e), executions.result(e), len(executions.get(e).attempts)) for e in sys.argv[1:]])
