"""A worker dies in a call that the next attempt does not make: before it fails, pauses, or asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mortal_flows import detour
from outcomes import ended, executions, out, until

if TYPE_CHECKING:
    from kitaru import FlowHandle


def calls(handle: FlowHandle[Any]) -> dict[str, Any]:
    return {c.name: (c.status, c.attempts[-1].error) for c in handle.execution.checkpoints}


def main() -> None:
    failed, paused, asks = handles = [detour.run(end, retries=1) for end in ("fail", "0", "100")]
    ended(failed.exec_id)
    until(lambda: executions.pending_waits().keys() == {paused.exec_id, asks.exec_id})
    until(lambda: paused.execution.attempts[-1].outcome == "waiting")
    before = list(map(calls, handles))
    executions.abort_wait(paused.exec_id)
    executions.abort_wait(asks.exec_id)
    until(lambda: paused.status == asks.status == "cancelled" and asks.execution.attempts[-1].ended_at)
    attempts = [[attempt.outcome for attempt in handle.execution.attempts] for handle in handles]
    after = list(map(calls, handles))
    assert ended(executions.retry(failed.exec_id).exec_id) == "completed"
    out((failed.exec_id, before, after, attempts, calls(failed)))


if __name__ == "__main__":
    main()
