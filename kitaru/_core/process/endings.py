"""What a process still has to do when its program has ended. Standard library only."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - registers the closing of pools; what is registered later runs earlier
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def before_pools_close(function: Callable[[], None]) -> None:
    """Call a function when the main thread has ended, before Python refuses further work to thread pools.

    Python closes all pools first and waits for threads only then, and has no public place to step in before.
    """
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        register(function)
