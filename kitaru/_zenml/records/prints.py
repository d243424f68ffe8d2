"""Whole lines of what a flow prints, in the log of the checkpoint that printed them."""

from __future__ import annotations

import io
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable


class LineWriter(io.TextIOBase):
    """Hands on text line by line, each thread's apart.

    ``print("a", 1)`` writes four times, and ZenML makes a log entry of every write.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pending = threading.local()

    def write(self, text: str, /) -> int:
        """Keep text until its line is complete."""
        lines, newline, rest = (getattr(self._pending, "text", "") + text).rpartition("\n")
        self._pending.text = rest
        if newline:
            self._stream.write(lines + newline)
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]
        """Write several pieces of text."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Hand on what the stream below has; an incomplete line stays until it is one."""
        self._stream.flush()

    def finish(self) -> None:
        """Hand on this thread's last line, which has no end."""
        if getattr(self._pending, "text", ""):
            self.write("\n")

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def isatty(self) -> bool:
        """Say whether a terminal is below."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor below."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream below."""
        return self._stream.encoding

    def __getattr__(self, name: str) -> Any:
        """Return what a stream of text has beside, such as ``buffer`` and ``reconfigure``."""
        return getattr(self._stream, name)


def write_whole_lines() -> None:
    """Make this process, which belongs to a flow, write stdout and stderr by whole lines."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, LineWriter):
            setattr(sys, name, LineWriter(stream))


def finish_line() -> None:
    """Hand on the incomplete last line that this thread has printed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LineWriter):
            stream.finish()
