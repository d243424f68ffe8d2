"""Ctrl-C that is not lost. Standard library only.

Python raises KeyboardInterrupt wherever the main thread happens to be. In the callback of a weak reference, of which
SQLAlchemy has many, the exception is printed and dropped: a program that looks at the store again and again goes on.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERRUPTED: Final = 130
"""The exit code that shells report for SIGINT: 128 + 2."""
# Seconds until a dropped one comes again; the callback has ended by then.
_PAUSE: Final = 0.05


@contextmanager
def redeliver_interrupt() -> Iterator[None]:
    """Have a Ctrl-C that Python drops come again, while the block lasts; does nothing outside of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = sys.unraisablehook

    def come_again(dropped: sys.UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            again = threading.Timer(_PAUSE, os.kill, (os.getpid(), signal.SIGINT))
            again.daemon = True
            again.start()
        else:
            before(dropped)

    sys.unraisablehook = come_again
    try:
        yield
    finally:
        sys.unraisablehook = before
