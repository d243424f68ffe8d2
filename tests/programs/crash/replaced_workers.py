"""Workers die in a checkpoint, and the retries that are left replace them."""

from __future__ import annotations

from typing import Any

from outcomes import ended, executions, out
from start_cases import start_cases


def seen(exec_id: str) -> tuple[Any, ...]:
    status = ended(exec_id, timeout=380)
    execution = executions.get(exec_id)
    attempts = [(a.number, a.outcome, a.error) for a in execution.attempts]
    return status, exec_id, executions.result(exec_id) if status == "completed" else None, attempts


if __name__ == "__main__":
    ids = start_cases()
    out({fault: seen(exec_id) for fault, exec_id in ids.items()})
