"""``kitaru.adapter``: callables of this process as checkpoints, found again by name and key, also after a crash."""

from __future__ import annotations


def test_calls_are_found_again_whatever_order_they_come_in(project):
    project.write(
        "main.py",
        """
        import asyncio, os, signal
        from pathlib import Path
        import kitaru
        from kitaru import KitaruClient, KitaruContextError, KitaruUsageError, adapter, checkpoint, flow

        def note(what):
            with Path("calls.log").open("a") as log: log.write(what + "\\n")

        class Account:
            def __init__(self, amount): self.amount = amount
            def double(self):
                note("double")
                adapter.record_usage(model="gpt-4o-mini", provider="openai", input_tokens=1000, output_tokens=100)
                adapter.record_usage(model="no such model", input_tokens=1)
                return self.amount * 2

        class ByAmount:
            def dump(self, account): return {"amount": account.amount}
            def load(self, stored): return Account(stored["amount"])

        @checkpoint
        def inside():
            place = adapter.current()
            assert place.checkpoint == "inside" and not place.in_body
            try: adapter.scope("a", run=1)
            except KitaruContextError: pass
            return adapter.run(lambda: adapter.current().checkpoint, name="never_seen")

        def refused(call, *words):
            try: call()
            except KitaruUsageError as error:
                assert all(word in str(error) for word in words), error
                return True

        @flow(retries=1)
        def f(crash: bool):
            place = adapter.current()
            assert place.in_body and place.exec_id == kitaru.current_execution_id()
            account = Account(21)  # what is captured can be found in this process only
            doubled = adapter.run(account.double, name="double it!", type="tool_call", inputs={"amount": 21})
            rich = adapter.run(lambda: Account(7), name="open", serializer=ByAmount())
            assert type(rich) is Account and rich.amount == 7
            assert inside() == "inside"
            assert adapter.run(lambda: None, name="nothing") is None
            assert refused(lambda: adapter.run(print, name="!!"), "'!!'")
            assert refused(lambda: adapter.run(print, name="x", retries=-1), "retries")
            assert refused(lambda: adapter.run(print, name="x", inputs={"lock": __import__("threading").Lock()}), "lock")

            fails = []
            def flaky():
                fails.append(1)
                note("flaky")
                if len(fails) < 3: raise LookupError("not yet")
                return len(fails)
            if not Path("crashed").exists():
                assert adapter.run(flaky, name="flaky", retries=2) == 3
            else:
                assert adapter.run(flaky, name="flaky", retries=2) == 3 and not fails
            return doubled, asyncio.run(talk(crash)), place.replay_of

        async def talk(crash):
            loop = asyncio.get_running_loop()
            numbers = list(range(4)) if not Path("crashed").exists() else [3, 2, 1, 0]

            async def one(agent, number):
                # Which scope comes first differs between the attempts; what it was asked tells it.
                own = adapter.scope("agent", key=f"asked {number}", run=(agent, number))
                assert own is adapter.scope("agent", run=(agent, number))
                async def work():
                    assert asyncio.get_running_loop() is loop
                    assert adapter.current().checkpoint == f"{own.name}_tool", (adapter.current(), own)
                    note(f"work {number}")
                    return number
                first = await adapter.run_async(work, name="tool", scope=own, inputs={"number": number})
                async def more(): note(f"more {number}"); return own.name
                return first, await adapter.run_async(more, name="more", scope=own, key="the id")

            first = dict(await asyncio.gather(*(one("a", number) for number in numbers)))

            stored = asyncio.Event()
            async def slow(number):
                note(f"slow {number}")
                if crash and number != 3 and not Path("crashed").exists():  # 3 is stored by then, no other is
                    await stored.wait()
                    if number == 2:
                        Path("crashed").touch()
                        os.kill(os.getpid(), signal.SIGKILL)
                    await asyncio.sleep(60)
                return number
            async def call(number):
                value = await adapter.run_async(lambda: slow(number), name="slow", key=f"id {number}")
                if number == 3: stored.set()
                return value
            assert sorted(await asyncio.gather(*(call(number) for number in numbers))) == [0, 1, 2, 3]

            # In a loop, a plain call blocks it and gives the value.
            assert adapter.run(lambda: 5, name="plain") == 5

            # Who gives up on a call ends it: one that has begun, and one whose callable has not been called yet.
            began, ended = asyncio.Event(), asyncio.Event()
            async def endless():
                began.set()
                try: await asyncio.sleep(3600)
                finally: ended.set()
            given_up = asyncio.ensure_future(adapter.run_async(endless, name="endless"))
            await began.wait()
            given_up.cancel()
            await ended.wait()
            at_once = asyncio.ensure_future(adapter.run_async(endless, name="at_once"))
            await asyncio.sleep(0)
            at_once.cancel()
            outcomes = await asyncio.gather(given_up, at_once, return_exceptions=True)
            assert [type(one) for one in outcomes] == [asyncio.CancelledError] * 2, outcomes
            return [first[number] for number in range(4)]

        async def outside():
            assert adapter.current() is None and adapter.run(lambda: 3, name="!!") == 3
            async def four(): return 4
            assert await adapter.run_async(four, name="!!") == 4
            try: adapter.scope("a", run=1)
            except KitaruContextError: return
            raise AssertionError

        if __name__ == "__main__":
            asyncio.run(outside())
            handle = f.run(True)
            doubled, agents, replay_of = handle.wait(progress=False)
            assert (doubled, agents, replay_of) == (42, ["agent", "agent_2", "agent_3", "agent_4"], None)
            calls = Path("calls.log").read_text().split("\\n")
            assert calls.count("double") == 1 and calls.count("flaky") == 3
            for number in range(4):
                assert calls.count(f"work {number}") == calls.count(f"more {number}") == 1
            # The fourth had completed and is not run again; the others were cut off.
            assert [calls.count(f"slow {number}") for number in range(4)] == [2, 2, 2, 1], calls
            execution = handle.execution
            made = {call.name: call for call in execution.checkpoints}
            assert len(execution.attempts) == 2 and made["double_it"].type == "tool_call"
            assert [made[f"slow{n}"].status for n in ("", "_2", "_3", "_4")] == ["completed"] * 4
            assert made["agent_3_tool"].checkpoint == "agent_tool" and made["endless"].status == "failed"
            assert "never_seen" not in made
            # 1000 tokens at 0.15 dollars a million and 100 at 0.60; the other model has no known price.
            used = made["double_it"].usage
            assert (used.calls, used.input_tokens, used.output_tokens, used.unpriced) == (2, 1001, 100, 1), used
            assert abs(used.cost - 0.00021) < 1e-9 and made["open"].usage is None
            assert execution.usage.model_dump(exclude={"saved"}) == used.model_dump()
            assert execution.usage.saved.calls == 0
            assert kitaru.load(handle.exec_id, "open") == {"amount": 7}

            # A replay takes what stands before the cut, by name and key, and what comes after it runs.
            Path("calls.log").unlink()
            replay = KitaruClient().executions.replay(handle.exec_id, at="slow[1]", inputs={"crash": False})
            assert replay.wait(progress=False)[1:] == (agents, handle.exec_id)
            calls = Path("calls.log").read_text().split()
            assert replay.execution.usage.calls == 0 and replay.execution.usage.saved == used
            listed = {one.exec_id: one.usage for one in KitaruClient().executions.list()}
            assert listed == {one.exec_id: one.execution.usage for one in (handle, replay)}
            assert "double" not in calls and "work" not in calls and calls.count("slow") == 4, calls
        """,
    )
    project.run("main.py")
    listed = project.kitaru("executions", "list", "--usage").stdout.splitlines()
    assert listed[0].split()[-5:] == ["IN", "TOKENS", "OUT", "COST", "SAVED"]
    assert listed[1].split()[-5:] == ["0", "0", "0", "$0.0000", "$0.0002+"]
    assert listed[2].split()[-4:] == ["2", "1,001", "100", "$0.0002+"]
