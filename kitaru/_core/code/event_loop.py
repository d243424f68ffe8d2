"""The event loop that code runs in, and the one that async checkpoints share."""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

_starting = threading.Lock()


def in_event_loop() -> bool:
    """Whether this thread is running an event loop, which must not be blocked."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def in_shared_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the loop that all async checkpoints of this process share, in the caller's context.

    Clients of models and databases keep connections, which belong to the loop that they were opened in. ZenML gives
    each step a loop of its own: the second checkpoint that used a client would fail with "Event loop is closed".
    """

    async def work() -> tuple[T | None, BaseException | None]:
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
