"""A runner's text log taken apart: what the flow put out, and the events whose words stand in between.

The words of an event are known by where they are, never by how they look: the runner notes how long the log is, appends
the event to its file, and then appends the words to the log. A flow may print the same words elsewhere.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kitaru._core.process.event import Event, encode_line

if TYPE_CHECKING:
    from collections.abc import Iterable


class LogSplitter:
    """Takes a log and its events piece by piece, and gives output and events in the order in which they came."""

    def __init__(self) -> None:
        self._buffer = bytearray()  # what is not given yet
        self._position = 0  # where in the log it begins
        self._events: deque[Event] = deque()
        self._awaited: Event | None = None

    def split(self, log: bytes, events: Iterable[Event], *, final: bool) -> list[str | Event]:
        """Return what is new: lines of output, and events.

        Args:
            log: What was appended to the log; read before the events.
            events: The new events.
            final: Whether this is the end: then nothing is held back.
        """
        self._buffer += log
        self._events += events
        items: list[str | Event] = []
        while self._events:
            event = self._events[0]
            place, is_there = self._find(event)
            if not is_there and not final and event is not self._awaited:
                # Its words are being written at this moment. Were they lost, on a full disk, they are not awaited twice.
                self._awaited = event
                return items + self._lines(place)
            items += self._lines(place, cut=is_there)
            if is_there:
                self._drop(len(encode_line(event)))
            items.append(self._events.popleft())
        return items + self._lines(len(self._buffer), cut=final)

    def _find(self, event: Event) -> tuple[int, bool]:
        """Return where in the buffer an event's words are; else where they were to come, and False."""
        if event.log_size is None:
            return 0, False
        start, end = self._index(event.log_size), len(self._buffer)
        if len(self._events) > 1 and self._events[1].log_size is not None:
            end = self._index(self._events[1].log_size)  # the words were there when the next event came
        place = self._buffer.find(encode_line(event), start, end)
        return (place, True) if place >= 0 else (start, False)

    def _index(self, size: int) -> int:
        return min(max(size - self._position, 0), len(self._buffer))

    def _lines(self, end: int, *, cut: bool = False) -> list[str]:
        """Give the output before an index of the buffer; without a cut only its whole lines."""
        whole = self._buffer.rfind(b"\n", 0, end) + 1
        text = bytes(self._buffer[: end if cut else whole])
        self._drop(len(text))
        return text.removesuffix(b"\n").decode(errors="replace").split("\n") if text else []

    def _drop(self, length: int) -> None:
        del self._buffer[:length]
        self._position += length
