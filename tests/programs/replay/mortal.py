"""A replay whose worker is killed, one that fails and is retried, and one whose body calls what was never called."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from expecting import raised
from marks import is_marked, lines, mark, ran, unmark

from kitaru import KitaruClient, KitaruDivergenceError, KitaruUserCodeError, checkpoint, flow

if TYPE_CHECKING:
    from kitaru import FlowHandle

# Marks: the next call of ``second`` kills its process; calls of ``third`` fail.
KILL, FAIL = "kill", "fail"
RAN = Path("ran.txt")


@checkpoint
async def first(x: int) -> int:
    ran("first")
    return x + 1


@checkpoint
async def second(x: int) -> int:
    ran("second")
    if is_marked(KILL):
        unmark(KILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return x * 10


@checkpoint
async def third(x: int) -> int:
    ran("third")
    if is_marked(FAIL):
        raise RuntimeError("not yet")
    return x + 2


@checkpoint
async def fourth(x: int) -> int:
    return x


@flow
async def mortal(x: int) -> int:
    begin = fourth if os.environ.get("SWAPPED") else first
    one, two = await asyncio.gather(begin(x), begin(x + 1))
    return await third(await second(one + two))


def replay_survives(original: FlowHandle[int]) -> None:
    RAN.unlink()
    mark(KILL)
    replay = mortal.replay(original, at="second")
    assert replay.wait() == 52
    assert lines("ran.txt") == ["second", "second", "third"]
    execution = replay.execution
    assert [attempt.outcome for attempt in execution.attempts] == ["lost", "completed"]
    assert {call.name: len(call.attempts) for call in execution.checkpoints} == {
        "first": 1,
        "first_2": 1,
        "second": 2,
        "third": 1,
    }
    assert execution.settings["retries"].detail == "the original's .run(retries=)"


def failed_replay_is_retried(original: FlowHandle[int]) -> None:
    mark(FAIL)
    failing = mortal.replay(original, outputs={"second": 100}, retries=0)
    raised(KitaruUserCodeError, failing.wait)
    unmark(FAIL)
    RAN.unlink()
    assert KitaruClient().executions.retry(failing.exec_id).wait() == 102
    assert lines("ran.txt") == ["third"]
    print([call.replay for call in failing.execution.checkpoints])


def other_checkpoint_is_noticed(original: FlowHandle[int]) -> None:
    """In async code the order may be another one, but here is a checkpoint that the original never called."""
    os.environ["SWAPPED"] = "1"
    swapped = "was checkpoint 'first' and is 'fourth' now"
    raised(KitaruDivergenceError, lambda: mortal.replay(original, at="second").wait(), swapped)
    del os.environ["SWAPPED"]


def replay_outlives_its_original(original: FlowHandle[int]) -> None:
    last = mortal.replay(original, at="third")
    assert last.wait() == 52
    KitaruClient().executions.delete(original.exec_id)
    assert last.get() == 52
    assert last.execution.original_exec_id == original.exec_id


def main() -> None:
    original = mortal.run(1, retries=1)  # which holds for replays as well
    assert original.wait() == 52
    replay_survives(original)
    failed_replay_is_retried(original)
    other_checkpoint_is_noticed(original)
    replay_outlives_its_original(original)


if __name__ == "__main__":
    main()
