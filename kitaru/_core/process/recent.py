"""What is worth knowing for some seconds only."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key, each of which is forgotten some seconds after it was put in; for use in several threads.

    It never holds more than was put in during that time.

    Attributes:
        seconds: How long a value is kept.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._entries: dict[K, tuple[float, V]] = {}  # the oldest first
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: K, value: V) -> None:
        """Keep a value."""
        now = time.monotonic()
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = now, value
            while (oldest := next(iter(self._entries))) != key and now - self._entries[oldest][0] > self.seconds:
                del self._entries[oldest]

    def find(self, key: K) -> tuple[V] | None:
        """Return the value in a tuple of its own; None where there is none, or none that is recent."""
        entry = self._entries.get(key)
        return None if entry is None or time.monotonic() - entry[0] > self.seconds else (entry[1],)

    def forget(self, key: K) -> None:
        """Keep a value no longer."""
        with self._lock:
            self._entries.pop(key, None)
