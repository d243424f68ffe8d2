"""Executions whose workers died while they asked are answered; the second one is retried before."""

from __future__ import annotations

import sys

from outcomes import ended, executions, out

if __name__ == "__main__":
    ids = sys.argv[1:]
    failed = ended(ids[1])
    executions.retry(ids[1])
    for exec_id in ids:
        executions.input(exec_id, value=exec_id[:4])
    out((failed, [(ended(exec_id), executions.result(exec_id)) for exec_id in ids]))
