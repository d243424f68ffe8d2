"""Retry an execution whose code was changed, and print how it ended and which code differs."""

from __future__ import annotations

import sys

from outcomes import ended, executions, out

if __name__ == "__main__":
    executions.retry(sys.argv[1])
    status = ended(sys.argv[1])
    execution = executions.get(sys.argv[1])
    out((status, executions.result(sys.argv[1]), execution.changed_code))
