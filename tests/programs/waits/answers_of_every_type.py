"""Questions are answered while their runners look: rightly, wrongly, not at all, and after the runner was lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from expecting import raised
from half_asked import half_asked
from questions import Review, concurrent, several

from kitaru import KitaruClient, KitaruStateError, KitaruWaitValidationError

if TYPE_CHECKING:
    from kitaru import FlowHandle, PendingWait

executions = KitaruClient().executions


def pending(handle: FlowHandle[Any], name: str) -> PendingWait:
    """Return the question of this name as soon as the execution asks it."""
    while True:
        wait = executions.get(handle.exec_id).pending_wait
        if wait is not None and wait.name == name:
            assert handle.status == "waiting"
            return wait
        assert not handle.status.is_finished, handle.get()
        time.sleep(0.05)


def refused(handle: FlowHandle[Any], value: Any) -> None:
    raised(KitaruWaitValidationError, lambda: executions.input(handle.exec_id, value=value), "goes on waiting")
    assert handle.status == "waiting"


def answers_of_every_type() -> None:
    handle = several.run()
    exec_id = handle.exec_id
    assert pending(handle, "wait").question == "Go on?"
    refused(handle, "yes")
    raised(KitaruStateError, lambda: executions.input(exec_id, value=True, wait="other"), "'other'", "'wait'")
    executions.input(exec_id, value=True)
    pending(handle, "number")
    refused(handle, "3")
    refused(handle, True)
    executions.input(exec_id[:8], value=3)
    pending(handle, "number_2")
    executions.input(exec_id, value=4, wait="number_2")
    colour = pending(handle, "colour")
    assert colour.metadata == {"why": "taste"}
    assert colour.json_schema["enum"] == ["red", "green"]
    refused(handle, "blue")
    executions.input(exec_id, value="green")
    pending(handle, "review")
    assert list(executions.pending_waits()) == [exec_id]
    refused(handle, {"stars": "many"})
    refused(handle, {"stars": 5, "remrk": "fine"})  # a slip: what was meant would be lost
    executions.input(exec_id, value=Review(stars=5, remark="fine"))
    pending(handle, "text")
    executions.input(exec_id, value="done")
    result = handle.wait(timeout=300)
    assert result == [6, True, 3, 4, "green", Review(stars=5, remark="fine"), "done"], result
    raised(KitaruStateError, lambda: executions.input(exec_id, value=1), "does not wait")


def two_at_once() -> None:
    handle = concurrent.run()
    pending(handle, "a")
    executions.input(handle.exec_id, value=1)
    pending(handle, "b")
    executions.input(handle.exec_id, value=2)
    assert handle.wait(timeout=300) == [1, 2]


def aborted() -> None:
    handle = several.run()
    pending(handle, "wait")
    executions.abort_wait(handle.exec_id)
    while not handle.status.is_finished:
        time.sleep(0.05)
    assert handle.status == "cancelled"


def asked_by_a_lost_runner() -> None:
    """The metadata of the question is there none the less."""
    handle = half_asked.run(retries=1)
    late = pending(handle, "late")
    while not late.metadata:
        late = pending(handle, "late")
    assert late.metadata == {"why": "a crash"}
    assert len(handle.execution.attempts) == 2
    executions.input(handle.exec_id, value="yes")
    assert handle.wait(timeout=300) == "yes"


def main() -> None:
    answers_of_every_type()
    two_at_once()
    aborted()
    asked_by_a_lost_runner()


if __name__ == "__main__":
    main()
