"""What a flow prints: in whole lines where its process prints, and in the log of the checkpoint that printed them."""

from __future__ import annotations

import io
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, TextIO

from kitaru._core.process import shared_log
from kitaru._zenml.door.private import named_step, show_logging_by
from kitaru._zenml.running.others_output import add_others_output
from kitaru._zenml.writing.log_lines import add_text, before_line, current_log, not_dispatched, replace_dispatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zenml.utils.logging_utils import LoggingContext

    from kitaru._core.process.shared_log import SharedLog

_NAMES: Final = ("stdout", "stderr")


class LineWriter(io.TextIOBase):
    """Hands on text line by line, that of each thread and checkpoint apart.

    ``print("a", 1)`` writes four times, and ZenML makes a log entry of every write.
    """

    def __init__(
        self, stream: TextIO, name: str, show: Callable[[str], Any] | None = None, *, whole: bool = True
    ) -> None:
        """Begin it.

        Args:
            stream: The stream below.
            name: ``"stdout"`` or ``"stderr"``.
            show: Called with text that is to be seen; None where the stream below shows it.
            whole: Whether what is shown is whole lines as well. A program of the user's shows what it prints at once.
        """
        self._stream = stream
        self._name = name
        self._own_show = show
        self._whole = whole
        self._owner = os.getpid()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._pending: dict[tuple[int, int], tuple[LoggingContext | None, str]] = {}

    def _renew(self) -> None:
        """Begin anew in a fork: lines that its parent has begun are its parent's, and a thread of that may hold the lock."""
        if os.getpid() != self._pid:
            self._begin()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class of the stream below where the program is the user's: kernels of notebooks look at it."""
        return LineWriter if self._whole else type(self._stream)

    def write(self, text: str, /) -> int:
        """Keep text until its line is complete."""
        self._renew()
        log = current_log()
        if not self._whole:
            self._show(text)
            if log is None:
                return len(text)
        key = id(log), threading.get_ident()
        with self._lock:
            lines, newline, rest = (self._pending.pop(key, (log, ""))[1] + text).rpartition("\n")
            if rest:
                self._pending[key] = log, rest
        if newline:
            self._hand_on(log, lines + newline)
        return len(text)

    def _hand_on(self, log: LoggingContext | None, text: str) -> None:
        before_line()
        if self._whole:
            self._show(text)
        add_text(log, text, self._name)

    def _show(self, text: str) -> None:
        if self._own_show is None:
            with not_dispatched():
                self._stream.write(text)
        elif os.getpid() == self._owner:
            self._own_show(text)
        else:
            type(self._stream).write(self._stream, text)  # its own leads here

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]
        """Write several pieces of text."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Hand on what the stream below has; an incomplete line stays until it is one, except in a fork, which may end."""
        if os.getpid() != self._owner:
            self._finish(lambda _: True)
        self._stream.flush()

    def finish(self, log: LoggingContext | None) -> None:
        """Hand on the last lines of a log that have no end; those of no log, of this thread."""
        thread = threading.get_ident()
        self._finish(lambda key: key[0] == id(log) and (log is not None or key[1] == thread))

    def _finish(self, is_meant: Callable[[tuple[int, int]], bool]) -> None:
        self._renew()
        with self._lock:
            lines = [self._pending.pop(key) for key in list(self._pending) if is_meant(key)]
        for log, text in lines:
            self._hand_on(log, f"{text}\n")

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


def take_streams(*, users_own: bool) -> None:
    """Have what is printed in this process reach the logs of checkpoints, line by line.

    Args:
        users_own: Whether the process is the user's, and not one of the flow.
    """
    replace_dispatch()
    log = None if users_own else shared_log.open_own()
    if not users_own:
        add_others_output(log)
    for name in _NAMES:
        stream = getattr(sys, name)
        if stream is not None and type(stream) is not LineWriter:
            setattr(sys, name, _into_log(stream, name, log) if log is not None else _writer(stream, name, users_own))


def finish_line() -> None:
    """Hand on the incomplete last lines of the log that this thread prints to."""
    log = current_log()
    for stream in (sys.stdout, sys.stderr):
        if type(stream) is LineWriter:
            stream.finish(log)


def _writer(stream: TextIO, name: str, users_own: bool) -> LineWriter:
    return LineWriter(stream, name, whole=not users_own)


def _into_log(stream: TextIO, name: str, log: SharedLog) -> LineWriter:
    """Return what writes to the log of this worker, past the stream that others share; so does that stream from here on."""

    def show(text: str) -> None:
        log.write(text.encode(stream.encoding, stream.errors or "strict"))

    def show_logging(text: str) -> None:
        before_line()
        show(text)

    stream.flush()
    writer = LineWriter(stream, name, lambda text: show(named_step(text)))
    stream.write = writer.write  # type: ignore[method-assign]
    if name == "stdout":
        show_logging_by(show_logging)
    return writer
