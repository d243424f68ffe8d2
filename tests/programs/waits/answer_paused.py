"""A flow that has paused is answered, which alone starts it again."""

from __future__ import annotations

import sys

from expecting import raised

from kitaru import FlowHandle, KitaruStateError


def main(exec_id: str) -> None:
    handle = FlowHandle.from_id(exec_id)
    execution = handle.execution
    assert handle.status == "waiting", execution
    assert execution.status == "waiting", execution
    assert execution.pending_wait is not None
    assert execution.pending_wait.name == "word"
    assert execution.attempts[-1].outcome == "waiting"
    for verb in (handle.resume, handle.retry):
        raised(KitaruStateError, verb, "kitaru executions input")
    handle.input("please")
    assert handle.wait(timeout=300) == "7 please 8"
    attempts = handle.execution.attempts
    assert [(attempt.number, attempt.outcome) for attempt in attempts] == [(1, "completed")], attempts


if __name__ == "__main__":
    main(sys.argv[1])
