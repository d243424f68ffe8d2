"""Flows that fail, or leave their process, in their bodies and checkpoints, and are tried again."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counting import count
from expecting import raised

from kitaru import KitaruUserCodeError, checkpoint, flow

if TYPE_CHECKING:
    from kitaru import FlowHandle

ENDS = {"exit": "SystemExit", "interrupt": "KeyboardInterrupt"}


@checkpoint(cache=False)
def once(name: str) -> tuple[int, ...]:
    return count(f"once-{name}"), time.time_ns()


@checkpoint(cache=False)
def second_time() -> str:
    if count("second") < 2:
        raise OSError("flaky")
    return "fine"


@checkpoint(cache=False, retries=1)
def fourth_time() -> str:
    if count("fourth") < 4:
        raise OSError("flakier")
    return "fine"


@checkpoint(cache=False)
def side(name: str) -> tuple[int, ...]:
    return once.func(name)


@flow(retries=2, cache=False)
def both() -> tuple[Any, ...]:
    first = once("a")
    begun = side.submit("b")
    with Path("bodies").open("a", encoding="utf-8") as file:
        file.write(repr(first) + "\n")
    value = second_time()
    if count("body") < 2:
        raise KeyError("the body itself")
    assert begun.result()[0] == 1
    return first, begun, value, once("after")


@flow(cache=False)
def inner_retries() -> str:
    return fourth_time()


@flow(cache=False)
def leaves(how: str) -> str | None:
    once(how)
    if how == "exit":
        sys.exit(3)
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "exit in checkpoint":
        return leave("exit")
    if how == "interrupt in checkpoint":
        return leave.submit("interrupt").result()
    return None


@checkpoint(cache=False)
def leave(how: str) -> str:
    if count("left-" + how) == 1:
        if how == "exit":
            sys.exit("enough")
        raise KeyboardInterrupt
    return "stayed"


def completed_checkpoints_keep_their_results(handle: FlowHandle[tuple[Any, ...]]) -> None:
    (first, _), (begun, _), value, (after, _) = handle.wait(progress=False)
    assert (first, begun, value, after) == (1, 1, "fine", 1)
    bodies = Path("bodies").read_text(encoding="utf-8").splitlines()
    assert len(bodies) == 3, bodies
    assert len(set(bodies)) == 1, bodies
    tries = {call.name: len(call.attempts) for call in handle.execution.checkpoints}
    assert tries == {"once": 1, "side": 1, "second_time": 2, "once_2": 1}, tries


def attempts_are_told(handle: FlowHandle[tuple[Any, ...]], before: datetime) -> None:
    execution = handle.execution
    assert execution.status == "completed"
    assert execution.failure is None
    attempts = execution.attempts
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [attempt.outcome for attempt in attempts] == ["failed", "failed", "completed"]
    assert attempts[0].reason == "first attempt"
    assert attempts[0].error == "checkpoint 'second_time': OSError: flaky"
    assert "attempt 1 failed" in attempts[1].reason, attempts[1]
    assert "flaky" in attempts[1].reason, attempts[1]
    assert "attempt 2 failed" in attempts[2].reason, attempts[2]
    assert "the body itself" in attempts[2].reason, attempts[2]
    moments = [moment for attempt in attempts for moment in (attempt.started_at, attempt.ended_at) if moment]
    assert len(moments) == 6, attempts
    assert moments == sorted(moments), moments
    assert before < moments[0], moments
    assert moments[-1] < datetime.now(UTC), moments


def who_leaves_has_failed(how: str, handle: FlowHandle[str | None]) -> None:
    error = raised(KitaruUserCodeError, lambda: handle.wait(progress=False))
    assert error.exception_type == f"builtins.{ENDS[how]}", vars(error)
    assert error.failure_origin == "flow", vars(error)


def who_left_is_tried_again(how: str, handle: FlowHandle[str | None]) -> None:
    assert handle.wait(progress=False) == "stayed"
    assert [attempt.outcome for attempt in handle.execution.attempts] == ["failed", "completed"]
    assert Path(f"once-{how} in checkpoint").read_text(encoding="utf-8") == "x"


def main() -> None:
    before = datetime.now(UTC)
    handle = both.run()
    inner = inner_retries.run(retries=1)
    left = {how: leaves.run(how, retries=0) for how in ENDS}
    left_in_checkpoint = {how: leaves.run(f"{how} in checkpoint", retries=1) for how in ENDS}
    completed_checkpoints_keep_their_results(handle)
    attempts_are_told(handle, before)

    assert inner.wait(progress=False) == "fine"
    assert [len(call.attempts) for call in inner.execution.checkpoints] == [4]
    assert len(inner.execution.attempts) == 2

    for how in ENDS:
        who_leaves_has_failed(how, left[how])
        who_left_is_tried_again(how, left_in_checkpoint[how])
    print("as promised")


if __name__ == "__main__":
    main()
