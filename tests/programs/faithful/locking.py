"""A module whose function uses a lock of the module."""

from __future__ import annotations

import threading

LOCK = threading.Lock()


def locked(text: str) -> str:
    """Return the text, one at a time."""
    with LOCK:
        return text
