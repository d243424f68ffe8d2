"""When to look at an execution again that is waited for: soon after its runner has done something, and seldom otherwise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from kitaru._core.process import files
from kitaru._core.process.places import runner_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

S = TypeVar("S")

# Seconds between two glances at the files of a runner, which cost next to nothing.
_GLANCE: Final = 0.1
# Seconds between two looks at the store: at first, while something happens, and while nothing does.
_FIRST: Final = 0.02
_BUSY: Final = 0.2
_CALM: Final = 2.0
# Where no file tells, a look takes at most so much of the time: a server is asked less often than a file.
_SHARE: Final = 0.05


class Looks(Generic[S]):
    """Reads the state of an execution when that is worth it, and gives the latest otherwise."""

    def __init__(self, exec_id: str, read: Callable[[], S]) -> None:
        """Begin with none.

        Args:
            exec_id: The execution's full id.
            read: Reads its state.
        """
        directory = files.directory(runner_directory(), exec_id)
        self._files = [directory / name for name in (files.STATE, files.ATTEMPT, files.EVENTS, files.LOG)]
        self._read = read
        self._seen: list[tuple[int, int]] = []
        self._interval = _FIRST
        self._next = 0.0
        self._latest: S | None = None

    @property
    def pause(self) -> float:
        """Seconds until it is worth asking again."""
        return min(self._interval, _GLANCE)

    def latest(self) -> S:
        """Return the execution's state, as of some seconds ago at most where nothing tells that it has changed."""
        seen = [found for path in self._files if (found := _stamp(path)) is not None]
        began = time.monotonic()
        if self._latest is not None and seen == self._seen and began < self._next:
            return self._latest
        self._interval = min(self._interval * 1.3, _CALM) if seen == self._seen else min(self._interval, _BUSY)
        self._seen = seen
        self._latest = self._read()
        ended = time.monotonic()
        if not seen:  # it runs elsewhere, or in a thread
            self._interval = min(self._interval, max(_BUSY, (ended - began) / _SHARE))
        self._next = ended + self._interval
        return self._latest


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
