"""Calls to engines, registries and clusters, which may never answer: with a limit of time."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns, or raise what it raises.

    Args:
        seconds: How long it may take. After that its thread is left behind, and ends with the process.
        call: The call.

    Raises:
        TimeoutError: It takes longer.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again below, where the caller is
            failure.append(error)

    context = contextvars.copy_context()  # the thread acts for the same stack
    thread = threading.Thread(target=context.run, args=(run,), name="kitaru-time-limit", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise TimeoutError(f"there was no answer within {seconds:g} s")
    return outcome[0]
