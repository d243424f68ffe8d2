"""Wait until an execution has finished, and print its status."""

from __future__ import annotations

import sys

from outcomes import executions, out, until

if __name__ == "__main__":
    until(lambda: executions.get(sys.argv[1]).status.is_finished)
    out(executions.get(sys.argv[1]).status)
