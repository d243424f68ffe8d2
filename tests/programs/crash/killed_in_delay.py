"""A worker dies while its flow waits for the next attempt, and is replaced."""

from __future__ import annotations

from mortal_flows import three
from outcomes import ended, executions, out

from kitaru import Retry

if __name__ == "__main__":
    handle = three.run("between raise", retries=Retry(times=1, delay=3, jitter=False))
    status = ended(handle.exec_id)
    execution = executions.get(handle.exec_id)
    waited = [
        after.started_at >= before.next_at
        for before, after in zip(execution.attempts, execution.attempts[1:], strict=False)
        if before.next_at is not None
    ]
    out((handle.exec_id, status, handle.get(), [attempt.outcome for attempt in execution.attempts], waited))
