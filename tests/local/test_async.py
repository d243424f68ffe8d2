"""Async flows and checkpoints: awaited values, real concurrency, and no hang where asyncio would have one."""

from __future__ import annotations


def test_async_flows_await_checkpoints_of_both_kinds_side_by_side(project):
    project.write(
        "main.py",
        """
        import asyncio, time
        from pathlib import Path
        from kitaru import KitaruContextError, KitaruTimeoutError, checkpoint, flow

        def meet(mine, other):
            Path(mine).touch()
            deadline = time.monotonic() + 60
            while not Path(other).exists():
                assert time.monotonic() < deadline, f"{mine} waited for {other} in vain"
                time.sleep(0.01)
            return mine

        @checkpoint
        def sync_meet(mine, other): return meet(mine, other)

        @checkpoint
        async def async_meet(mine, other): return await asyncio.to_thread(meet, mine, other)

        @checkpoint
        async def add(a, b=1):
            await asyncio.sleep(0)
            return a + b

        @checkpoint
        def items(n): return list(range(n))

        @checkpoint
        async def boom(x): raise LookupError(f"no {x}")

        @checkpoint
        def stops(): return next(iter(()))

        @checkpoint
        def wait_for_file(name):
            while not Path(name).exists(): time.sleep(0.01)
            return name

        @checkpoint
        async def inner_call(): return await add(1)

        @flow
        async def f():
            Path("go").unlink(missing_ok=True)
            assert await add(1) == 2 and await items(2) == [0, 1]
            met = await asyncio.gather(
                sync_meet("a", "b"), sync_meet("b", "c"), async_meet("c", "d"), async_meet("d", "a")
            )
            assert met == ["a", "b", "c", "d"], met
            future = add.submit(5)
            assert await future == 6 and await future == 6 and future.result() == 6
            assert await add.map([1, 2]) == [2, 3] and await add.product([1, 2], [10]) == [11, 12]
            started = add(7)  # a call has started before it is awaited
            assert await add(started) == 9 and await items(await add(1)) == [0, 1]
            assert await add(started, b=items.submit(3).result()[2]) == 10

            async def branch(n):
                return await add(await add(n), b=n)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(branch(n)) for n in (1, 2)]
            assert [t.result() for t in tasks] == [3, 5]

            try: await boom(1)
            except LookupError as error: assert str(error) == "no 1"
            outcomes = await asyncio.gather(boom(2), add(1), return_exceptions=True)
            assert str(outcomes[0]) == "no 2" and outcomes[1] == 2
            try: await stops()
            except (StopIteration, RuntimeError) as error: pass  # asyncio cannot carry a StopIteration, nor hang
            try: await inner_call()
            except KitaruContextError as error: assert "inside checkpoint 'inner_call'" in str(error)

            # The loop goes on while checkpoints run, and giving one up leaves it running.
            waiting = wait_for_file.submit("go")
            try: await asyncio.wait_for(waiting, 0.05)
            except TimeoutError: pass
            queued = [wait_for_file("go") for _ in range(5)]  # more than may run at once
            try: await asyncio.wait_for(asyncio.gather(*queued), 0.05)
            except TimeoutError: pass
            Path("go").touch()
            assert waiting.result() == "go"
            return {"sum": add.submit(1), "list": [add(2), await add(3)]}

        @flow
        async def nobody_awaited():
            boom("seen by nobody")
            return await add(1)

        @flow
        async def in_a_group():
            async with asyncio.TaskGroup() as group:
                group.create_task(run_boom())

        async def run_boom(): await boom("in a group")

        @flow
        def sync_flow():
            value = add(1)  # an async checkpoint gives its value where nothing awaits
            assert value == 2 and add.submit(value).result() == 3 and add.map([1]).results() == [2]
            async def own_loop(): return await asyncio.gather(add(10), items(1))
            return asyncio.run(own_loop())

        async def main():
            handle = sync_flow.run()
            return await handle

        if __name__ == "__main__":
            handles = [g.run(cache=False) for g in (f, nobody_awaited, in_a_group)]
            print(asyncio.run(main()))
            print(handles[0].wait(progress=False))
            for handle in handles[1:]:
                try: handle.wait(progress=False)
                except Exception as error:
                    print(type(error).__name__, error.failure_origin, error.exception_type)
                    assert ("seen by nobody" in str(error)) or ("in a group" in error.traceback), error.traceback
                    assert "site-packages" not in error.traceback and "asyncio/" not in error.traceback, error.traceback
        """,
    )
    assert project.run("main.py", env={"KITARU_CONCURRENCY": "4"}).stdout.splitlines() == [
        "[11, [0]]",
        "{'sum': 2, 'list': [3, 4]}",
        "KitaruUserCodeError checkpoint builtins.LookupError",
        "KitaruUserCodeError flow builtins.ExceptionGroup",
    ]


def test_an_event_loop_around_the_runner_is_not_the_flows_own(project):
    project.write(
        "main.py",
        """
        import asyncio
        from kitaru import checkpoint, flow

        @checkpoint
        def one(): return 1

        @checkpoint
        async def two(): return 2

        @flow
        def sync_flow(): return one() + two()

        @flow
        async def async_flow(): return await one() + await two()

        async def main():  # as in a notebook, whose cells run inside a loop
            return sync_flow.run().get(), async_flow.run().get()

        if __name__ == "__main__":
            print(asyncio.run(main()))
        """,
    )
    assert project.run("main.py", env={"KITARU_LOCAL_RUNNER": "inline"}).stdout == "(3, 3)\n"


def test_async_checkpoints_share_the_loop_that_connections_belong_to(project):
    project.write(
        "main.py",
        """
        import asyncio, sys
        import kitaru
        from kitaru import adapter, checkpoint, flow

        class Client:
            "Keeps a connection, as clients of models do, which is of use in the loop that it was opened in only."

            opened = None

            async def ask(self, question):
                if self.opened is None:
                    server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
                    self.opened = await asyncio.open_connection(*server.sockets[0].getsockname())
                reading, writing = self.opened
                writing.write(f"{question}\\n".encode())
                await writing.drain()
                return (await reading.readline()).decode().strip()

            async def answer(self, reading, writing):
                while line := await reading.readline():
                    writing.write(line.upper())

        client = Client()

        @checkpoint
        async def ask(question):
            adapter.record_usage(model="m", input_tokens=1, cost=0.0)
            kitaru.log(asked=question)
            return adapter.current().checkpoint, await client.ask(question)

        @checkpoint
        async def stop(): sys.exit(3)  # ends neither the loop nor the others

        @flow
        async def f():
            try: await stop()
            except BaseException as error: assert "3" in str(error), error
            else: raise AssertionError
            return [await ask("x"), await ask("y"), ask.submit("z").result()]

        if __name__ == "__main__":
            handle = f.run()
            assert handle.wait(progress=False) == [("ask", "X"), ("ask_2", "Y"), ("ask_3", "Z")]
            made = [call for call in handle.execution.checkpoints if call.checkpoint == "ask"]
            assert [call.usage.calls for call in made] == [1, 1, 1]
            assert [call.metadata["asked"] for call in made] == ["x", "y", "z"]
        """,
    )
    project.run("main.py")
