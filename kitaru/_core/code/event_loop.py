"""The event loop that code runs in, that of an async flow's body, and the one that async checkpoints share."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

_starting = threading.Lock()


class BodyLeft(BaseException):
    """Ends a flow's body, and with it all its tasks, without a failure."""


def in_event_loop() -> bool:
    """Whether this thread is running an event loop, which must not be blocked."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class BodyLoop:
    """The event loop in which an async body runs, in each attempt that this process makes.

    Connections that a client keeps belong to the loop that they were opened in: in a loop of its own, the second attempt
    would fail with "Event loop is closed". Tasks and threads end with the attempt that has started them.
    """

    def __init__(self) -> None:
        """Prepare a loop, which is made where it is needed."""
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the loop."""
        self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T], prepare: Callable[[asyncio.AbstractEventLoop], None]) -> T:
        """Run a coroutine to its end, and then end all that it has left running; return what it returns.

        Args:
            coroutine: Runs in a copy of the caller's context.
            prepare: Given the loop before.
        """
        loop = self._runner.get_loop()
        threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
        loop.set_default_executor(threads)
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(_tell_failure)
        prepare(loop)
        try:
            return self._runner.run(coroutine, context=copy_context())
        finally:
            self._runner.run(_end_others(threads), context=copy_context())


def _tell_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tell of an exception that nobody has asked for, unless it is how all tasks of a body end."""
    if not isinstance(context.get("exception"), BodyLeft):
        loop.default_exception_handler(context)


async def _end_others(threads: ThreadPoolExecutor) -> None:
    """End a loop's other tasks and threads as :func:`asyncio.run` does, for a loop that is to be used again."""
    loop = asyncio.get_running_loop()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for task in others:
        if not task.cancelled() and task.exception() is not None:
            told = {"message": "a task failed as it was cancelled", "exception": task.exception(), "task": task}
            loop.call_exception_handler(told)
    with ThreadPoolExecutor(1) as waiting:  # a thread may need the loop to come to its end
        await loop.run_in_executor(waiting, threads.shutdown)


async def in_this_loop(coroutine: Coroutine[Any, Any, T], started: Callable[[Callable[[], None]], None]) -> T:
    """Run a coroutine in the loop and the thread of the caller, for what keeps its state by thread.

    Args:
        coroutine: What to run.
        started: Is given what cancels it, from any thread.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    started(lambda: cast("None", loop.call_soon_threadsafe(task.cancel)))
    return await coroutine


async def in_shared_loop(
    coroutine: Coroutine[Any, Any, T], started: Callable[[Callable[[], None]], None] = lambda _: None
) -> T:
    """Run a coroutine in the loop that all async checkpoints of this process share, in the caller's context.

    Clients of models and databases keep connections, which belong to the loop that they were opened in. ZenML gives
    each step a loop of its own: the second checkpoint that used a client would fail with "Event loop is closed".

    Args:
        coroutine: What to run.
        started: Is given what cancels it, from any thread.
    """

    async def work() -> tuple[T | None, BaseException | None]:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        started(lambda: cast("None", loop.call_soon_threadsafe(task.cancel)))
        try:
            return await coroutine, None
        except (SystemExit, KeyboardInterrupt) as stopped:  # would end the loop for all others, too
            return None, stopped

    value, stopped = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), _shared_loop()))
    if stopped is not None:
        raise stopped
    return cast("T", value)


def _shared_loop() -> asyncio.AbstractEventLoop:
    with _starting:  # or two checkpoints that are the first might start one each
        return _started_loop()


@cache
def _started_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="kitaru-async-checkpoints", daemon=True).start()
    return loop
