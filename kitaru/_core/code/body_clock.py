"""The clock of a flow's body that has a time limit; it stands still while the body waits for an answer."""

from __future__ import annotations

import contextvars
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType


class BodyClock:
    """Counts the time that passes inside, and calls something when it is over."""

    def __init__(
        self, seconds: float | None, grace: float, *, over: Callable[[], None], stuck: Callable[[], None]
    ) -> None:
        """Prepare it.

        Args:
            seconds: How long a body may take; None for as long as it takes.
            grace: For how many seconds more it may go on then, to end itself.
            over: Called when its time is over.
            stuck: Called when it has not ended then.
        """
        self._left = seconds
        self._grace = grace
        self._over = over
        self._stuck = stuck
        self._pauses = 0
        self._has_ended = False
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        """Start it."""
        if self._left is not None:
            context = contextvars.copy_context()
            threading.Thread(target=context.run, args=(self._watch,), name="kitaru-time-limit", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it stand still inside."""
        self._pause(1)
        try:
            yield
        finally:
            self._pause(-1)

    def _pause(self, change: int) -> None:
        with self._changed:
            self._pauses += change
            self._changed.notify_all()

    def _watch(self) -> None:
        with self._changed:
            while not self._has_ended and self._left is not None and self._left > 0:
                since = time.monotonic()
                is_paused = bool(self._pauses)
                self._changed.wait(None if is_paused else self._left)
                self._left -= 0 if is_paused else time.monotonic() - since
            # Inside: what has ended by itself is not ended once more.
            if not self._has_ended:
                self._over()
            if not self._changed.wait_for(lambda: self._has_ended, self._grace):
                self._stuck()
