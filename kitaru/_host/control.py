"""Finding the hosts of this user, and ending them. Standard library only."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.process import files
from kitaru._core.process.processes import is_running
from kitaru._host import address

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long a host may take to end, in seconds, before it is killed.
_PATIENCE: Final = 3.0


def running() -> Iterator[dict[str, Any]]:
    """Yield what each running host says of itself: ``pid``, ``since`` and, as ``own``, whether it serves this process."""
    try:
        own = address.folder()
    except OSError:
        own = None
    for folder in address.folders():
        state = files.read(folder / address.STATE)
        if state and is_running(state):
            yield {**state, "own": folder == own}


def end(host: dict[str, Any]) -> None:
    """End a host; what it has forked goes on."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if not is_running(host):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(host["pid"], sign)
        deadline = time.monotonic() + _PATIENCE
        while is_running(host) and time.monotonic() < deadline:
            time.sleep(0.02)
