"""Callables of this process as checkpoints: in a body that is killed once and goes on in another order, and in its replay."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import kitaru
from kitaru import KitaruClient, KitaruContextError, KitaruUsageError, adapter, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kitaru import FlowHandle, Usage

    Ending = tuple[int, list[str], str | None]

CALLS, CRASHED = Path("calls.log"), Path("crashed")


def note(what: str) -> None:
    with CALLS.open("a", encoding="utf-8") as log:
        log.write(what + "\n")


def has_crashed() -> bool:
    return CRASHED.exists()


def crash_now() -> None:
    CRASHED.touch()
    os.kill(os.getpid(), signal.SIGKILL)


def assert_refused(call: Callable[[], object], word: str) -> None:
    message = ""
    try:
        call()
    except KitaruUsageError as error:
        message = str(error)
    assert word in message, message


# -- calls in the body ------------------------------------------------------------------------------------------------


class Account:
    def __init__(self, amount: int) -> None:
        self.amount = amount

    def double(self) -> int:
        note("double")
        adapter.record_usage(model="gpt-4o-mini", provider="openai", input_tokens=1000, output_tokens=100)
        adapter.record_usage(model="no such model", input_tokens=1)
        return self.amount * 2


class ByAmount:
    """Stores accounts."""

    def dump(self, account: Account) -> dict[str, int]:
        return {"amount": account.amount}

    def load(self, stored: dict[str, int]) -> Account:
        return Account(stored["amount"])


@checkpoint
def inside() -> str | None:
    place = adapter.current()
    assert place is not None
    assert place.checkpoint == "inside"
    assert not place.in_body
    with contextlib.suppress(KitaruContextError):
        adapter.scope("a", run=1)
    return adapter.run(current_checkpoint, name="never_seen")


def current_checkpoint() -> str | None:
    place = adapter.current()
    assert place is not None
    return place.checkpoint


def call_plainly() -> int:
    account = Account(21)  # what is captured can be found in this process only
    doubled = adapter.run(account.double, name="double it!", type="tool_call", inputs={"amount": 21})
    rich = adapter.run(lambda: Account(7), name="open", serializer=ByAmount())
    assert type(rich) is Account
    assert rich.amount == 7
    assert inside() == "inside"
    assert adapter.run(nothing, name="nothing") is None
    assert_refused(lambda: adapter.run(print, name="!!"), "'!!'")
    assert_refused(lambda: adapter.run(print, name="x", retries=-1), "retries")
    assert_refused(lambda: adapter.run(print, name="x", inputs={"lock": threading.Lock()}), "lock")
    return doubled


def nothing() -> object:
    return None


def call_until_it_succeeds() -> None:
    failures = []

    def flaky() -> int:
        failures.append(1)
        note("flaky")
        if len(failures) < 3:
            raise LookupError("not yet")
        return len(failures)

    crashed = has_crashed()
    assert adapter.run(flaky, name="flaky", retries=2) == 3
    if crashed:
        assert not failures


@flow(retries=1)
def adapted(crash: bool) -> Ending:
    place = adapter.current()
    assert place is not None
    assert place.in_body
    assert place.exec_id == kitaru.current_execution_id()
    doubled = call_plainly()
    call_until_it_succeeds()
    return doubled, asyncio.run(talk(crash)), place.replay_of


# -- calls in an event loop -------------------------------------------------------------------------------------------


async def talk(crash: bool) -> list[str]:
    numbers = list(range(4)) if not has_crashed() else [3, 2, 1, 0]
    names = await ask_agents(numbers)
    await call_slowly(numbers, crash)
    # In a loop, a plain call blocks it and gives the value.
    assert adapter.run(lambda: 5, name="plain") == 5
    await give_up()
    return [names[number] for number in range(4)]


async def ask_agents(numbers: Sequence[int]) -> dict[str | int, str]:
    loop = asyncio.get_running_loop()

    async def ask(agent: str, number: int) -> tuple[int, str]:
        # Which scope comes first differs between the attempts; what it was asked tells it.
        own = adapter.scope("agent", key=f"asked {number}", run=(agent, number))
        assert own is adapter.scope("agent", run=(agent, number))

        async def work() -> int:
            assert asyncio.get_running_loop() is loop
            assert current_checkpoint() == f"{own.name}_tool", (adapter.current(), own)
            note(f"work {number}")
            return number

        first = await adapter.run_async(work, name="tool", scope=own, inputs={"number": number})

        async def more() -> str:
            note(f"more {number}")
            return own.name

        return first, await adapter.run_async(more, name="more", scope=own, key="the id")

    return dict(await asyncio.gather(*(ask("a", number) for number in numbers)))


async def call_slowly(numbers: Sequence[int], crash: bool) -> None:
    stored = asyncio.Event()

    async def slow(number: int) -> int:
        note(f"slow {number}")
        if crash and number != 3 and not has_crashed():  # 3 is stored by then, no other is
            await stored.wait()
            if number == 2:
                crash_now()
            await asyncio.sleep(60)
        return number

    async def call(number: int) -> int:
        value = await adapter.run_async(lambda: slow(number), name="slow", key=f"id {number}")
        if number == 3:
            stored.set()
        return value

    assert sorted(await asyncio.gather(*map(call, numbers))) == [0, 1, 2, 3]


async def give_up() -> None:
    """Who gives up on a call ends it: one that has begun, and one whose callable has not been called yet."""
    began, ended = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        began.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    given_up = asyncio.ensure_future(adapter.run_async(endless, name="endless"))
    await began.wait()
    given_up.cancel()
    await ended.wait()
    at_once = asyncio.ensure_future(adapter.run_async(endless, name="at_once"))
    await asyncio.sleep(0)
    at_once.cancel()
    outcomes = await asyncio.gather(given_up, at_once, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2, outcomes


# -- what has become of it --------------------------------------------------------------------------------------------


async def call_outside() -> None:
    assert adapter.current() is None
    assert adapter.run(lambda: 3, name="!!") == 3

    async def four() -> int:
        return 4

    assert await adapter.run_async(four, name="!!") == 4
    try:
        adapter.scope("a", run=1)
    except KitaruContextError:
        return
    raise AssertionError


def assert_each_ran_once(calls: list[str]) -> None:
    assert calls.count("double") == 1
    assert calls.count("flaky") == 3
    for number in range(4):
        assert calls.count(f"work {number}") == calls.count(f"more {number}") == 1
    # The fourth had completed and is not run again; the others were cut off.
    assert [calls.count(f"slow {number}") for number in range(4)] == [2, 2, 2, 1], calls


def assert_recorded(handle: FlowHandle[Ending]) -> Usage:
    """Look at the record of the execution; return what its one checkpoint with usage has used."""
    execution = handle.execution
    made = {call.name: call for call in execution.checkpoints}
    assert len(execution.attempts) == 2
    assert made["double_it"].type == "tool_call"
    assert [made[f"slow{n}"].status for n in ("", "_2", "_3", "_4")] == ["completed"] * 4
    assert made["agent_3_tool"].checkpoint == "agent_tool"
    assert made["endless"].status == "failed"
    assert "never_seen" not in made
    assert kitaru.load(handle.exec_id, "open") == {"amount": 7}
    # 1000 tokens at 0.15 dollars a million and 100 at 0.60; the other model has no known price.
    used = made["double_it"].usage
    assert used is not None
    assert (used.calls, used.input_tokens, used.output_tokens, used.unpriced) == (2, 1001, 100, 1), used
    assert abs(used.cost - 0.00021) < 1e-9
    assert made["open"].usage is None
    assert execution.usage is not None
    assert execution.usage.model_dump(exclude={"saved"}) == used.model_dump()
    assert execution.usage.saved.calls == 0
    return used


def assert_replayed(handle: FlowHandle[Ending], agents: list[str], used: Usage) -> None:
    """A replay takes what stands before the cut, by name and key, and what comes after it runs."""
    CALLS.unlink()
    replay = KitaruClient().executions.replay(handle.exec_id, at="slow[1]", inputs={"crash": False})
    assert replay.wait(progress=False)[1:] == (agents, handle.exec_id)
    calls = CALLS.read_text(encoding="utf-8").split()
    usage = replay.execution.usage
    assert usage is not None
    assert usage.calls == 0
    assert usage.saved == used
    listed = {execution.exec_id: execution.usage for execution in KitaruClient().executions.list()}
    assert listed == {each.exec_id: each.execution.usage for each in (handle, replay)}
    assert "double" not in calls
    assert "work" not in calls
    assert calls.count("slow") == 4, calls


def main() -> None:
    asyncio.run(call_outside())
    handle = adapted.run(True)
    doubled, agents, replay_of = handle.wait(progress=False)
    assert (doubled, agents, replay_of) == (42, ["agent", "agent_2", "agent_3", "agent_4"], None)
    assert_each_ran_once(CALLS.read_text(encoding="utf-8").split("\n"))
    used = assert_recorded(handle)
    assert_replayed(handle, agents, used)


if __name__ == "__main__":
    main()
