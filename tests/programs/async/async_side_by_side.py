"""Async flows that await checkpoints of both kinds, fail in many places, and a sync flow with async checkpoints."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from expecting import raised

from kitaru import KitaruContextError, KitaruUserCodeError, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Awaitable


def either_way(made: Any) -> Any:
    """Keep the type of a checkpoint from type checkers: it is awaited in some flows, and not in others."""
    return made


def meet(mine: str, other: str) -> str:
    Path(mine).touch()
    deadline = time.monotonic() + 60
    while not Path(other).exists():
        assert time.monotonic() < deadline, f"{mine} waited for {other} in vain"
        time.sleep(0.01)
    return mine


@either_way
@checkpoint
def sync_meet(mine: str, other: str) -> str:
    return meet(mine, other)


@checkpoint
async def async_meet(mine: str, other: str) -> str:
    return await asyncio.to_thread(meet, mine, other)


@either_way
@checkpoint
async def add(a: int, b: int = 1) -> int:
    await asyncio.sleep(0)
    return a + b


@either_way
@checkpoint
def items(n: int) -> list[int]:
    return list(range(n))


@checkpoint
async def boom(x: int | str) -> NoReturn:
    raise LookupError(f"no {x}")


@either_way
@checkpoint
def stops() -> Any:
    return next(iter(()))


@either_way
@checkpoint
def wait_for_file(name: str) -> str:
    while not Path(name).exists():
        time.sleep(0.01)
    return name


@checkpoint
async def inner_call() -> Any:
    return await add(1)


async def raised_by(kind: type[Exception], awaited: Awaitable[object]) -> str:
    """Return the message of the error of a kind that is raised where a call is awaited."""
    try:
        await awaited
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__} was raised")


async def both_kinds_run_side_by_side() -> None:
    assert await add(1) == 2
    assert await items(2) == [0, 1]
    met: list[str] = await asyncio.gather(
        sync_meet("a", "b"), sync_meet("b", "c"), async_meet("c", "d"), async_meet("d", "a")
    )
    assert met == ["a", "b", "c", "d"], met


async def futures_and_calls_are_awaited() -> None:
    future = add.submit(5)
    assert await future == 6
    assert await future == 6
    assert future.result() == 6
    assert await add.map([1, 2]) == [2, 3]
    assert await add.product([1, 2], [10]) == [11, 12]
    started = add(7)  # a call has started before it is awaited
    assert await add(started) == 9
    assert await items(await add(1)) == [0, 1]
    assert await add(started, b=items.submit(3).result()[2]) == 10


async def branch(n: int) -> Any:
    return await add(await add(n), b=n)


async def branches_of_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(branch(n)) for n in (1, 2)]
    assert [task.result() for task in tasks] == [3, 5]


async def failures_are_raised_where_they_are_awaited() -> None:
    assert await raised_by(LookupError, boom(1)) == "no 1"
    outcomes = await asyncio.gather(boom(2), add(1), return_exceptions=True)
    assert str(outcomes[0]) == "no 2"
    assert outcomes[1] == 2
    with contextlib.suppress(StopIteration, RuntimeError):  # asyncio cannot carry a StopIteration, nor hang
        await stops()
    assert "inside checkpoint 'inner_call'" in await raised_by(KitaruContextError, inner_call())


async def the_loop_goes_on_while_checkpoints_run() -> None:
    """Giving one up leaves it running."""
    waiting = wait_for_file.submit("go")
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(waiting, 0.05)
    queued = [wait_for_file("go") for _ in range(5)]  # more than may run at once
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*queued), 0.05)
    Path("go").touch()  # noqa: ASYNC240 - takes no time
    assert waiting.result() == "go"


@flow
async def side_by_side() -> dict[str, Any]:
    Path("go").unlink(missing_ok=True)  # noqa: ASYNC240 - the same
    await both_kinds_run_side_by_side()
    await futures_and_calls_are_awaited()
    await branches_of_a_group()
    await failures_are_raised_where_they_are_awaited()
    await the_loop_goes_on_while_checkpoints_run()
    return {"sum": add.submit(1), "list": [add(2), await add(3)]}


@flow
async def nobody_awaited() -> Any:
    boom("seen by nobody")
    return await add(1)


@flow
async def in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(run_boom())


async def run_boom() -> None:
    await boom("in a group")


@flow
def sync_flow() -> Any:
    value = add(1)  # an async checkpoint gives its value where nothing awaits
    assert value == 2
    assert add.submit(value).result() == 3
    assert add.map([1]).results() == [2]

    async def own_loop() -> Any:
        return await asyncio.gather(add(10), items(1))

    return asyncio.run(own_loop())


async def main() -> Any:
    return await sync_flow.run()


def show_failure(handle: Any) -> None:
    error = raised(KitaruUserCodeError, lambda: handle.wait(progress=False))
    print(type(error).__name__, error.failure_origin, error.exception_type)
    traceback = error.traceback
    assert traceback is not None
    assert "seen by nobody" in str(error) or "in a group" in traceback, traceback
    assert "site-packages" not in traceback, traceback
    assert "asyncio/" not in traceback, traceback


if __name__ == "__main__":
    handles = [made.run(cache=False) for made in (side_by_side, nobody_awaited, in_a_group)]
    print(asyncio.run(main()))
    print(handles[0].wait(progress=False))
    for handle in handles[1:]:
        show_failure(handle)
