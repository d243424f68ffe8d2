"""Whether the code runs in an event loop."""

from __future__ import annotations

import asyncio


def in_event_loop() -> bool:
    """Whether this thread is running an event loop, which must not be blocked."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
