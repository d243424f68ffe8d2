"""Time limits of checkpoints whose functions run in this process; one in a process of its own is ended with that."""

from __future__ import annotations

import asyncio
import contextvars
import faulthandler
import threading
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.process.event import Event, Kind
from kitaru._core.settings.environment import cancel_grace
from kitaru._zenml.records.events import tell
from kitaru.errors import KitaruTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

TIMEOUT_KEY: Final = "timeout"
# What is recorded of a flow's limit. ZenML hands what is recorded of a run to its steps: it is not theirs.
BODY_TIMEOUT_KEY: Final = "body_timeout"
# Names of the calls whose threads this process has left behind.
left_behind: list[str] = []


def run(function: Callable[[], Any], seconds: float | None, name: str, *, is_container: bool) -> Any:
    """Run the function of a checkpoint.

    A thread cannot be stopped: one that takes longer is left behind. In a container of its own that ends with it.

    Args:
        function: Runs it.
        seconds: How long it may take; None for as long as it takes.
        name: The call's name.
        is_container: Whether this process is there for this call alone.

    Raises:
        KitaruTimeoutError: It takes longer.
        BaseException: What the function raises.
    """
    if seconds is None:
        return function()
    if is_container:  # C code may let no other thread of Python run
        faulthandler.dump_traceback_later(seconds + cancel_grace(), exit=True)
    future: Future[Any] = Future()
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(_run, function, future), name=f"kitaru-{name}", daemon=True)
    thread.start()
    if not wait_for([future], seconds).done:
        if not is_container:
            _leave(name)
        raise _over_time(name, seconds, "" if is_container else _LEFT)
    if is_container:
        faulthandler.cancel_dump_traceback_later()
    return future.result()


async def await_it(coroutine: Coroutine[Any, Any, Any], seconds: float | None, name: str) -> Any:
    """Await the coroutine of an async checkpoint, which is cancelled where it takes longer; as :func:`run`."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            value = await coroutine
    except TimeoutError:
        if not limit.expired():
            raise
        raise _over_time(name, seconds) from None
    if limit.expired():  # it did not let itself be cancelled
        raise _over_time(name, seconds)
    return value


_LEFT: Final = (
    " Its function runs in a thread of the flow's process, which cannot be stopped: it is left behind. With "
    'runtime="process" it is ended.'
)


def _over_time(name: str, seconds: float | None, more: str = "") -> KitaruTimeoutError:
    return KitaruTimeoutError(f"Checkpoint {name!r} has taken longer than its time limit of {seconds:g} s.{more}")


def _run(function: Callable[[], Any], future: Future[Any]) -> None:
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - it is raised where the call is made
        future.set_exception(error)
    else:
        future.set_result(result)


def _leave(name: str) -> None:
    left_behind.append(name)
    text = f"checkpoint {name} has passed its time limit. Its thread cannot be stopped, and is left behind"
    tell(Event(Kind.WARNING, text, checkpoint=name, message=text))
