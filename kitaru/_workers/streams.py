"""What the code of a worker prints and logs: told to the runner, in whose log of the step it stands."""

from __future__ import annotations

import io
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from kitaru._workers import messages

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = (str, int, float, bool, type(None))


class _Stream(io.TextIOBase):
    """Tells text line by line; what is written to the descriptor below goes where that leads."""

    def __init__(self, below: TextIO, name: str) -> None:
        self._below = below
        self._name = name
        self._lock = threading.RLock()
        self._pending: dict[int, str] = {}

    def write(self, text: str, /) -> int:
        """Keep text until its line is complete."""
        with self._lock:
            thread = threading.get_ident()
            lines, newline, rest = (self._pending.pop(thread, "") + text).rpartition("\n")
            if rest:
                self._pending[thread] = rest
        if newline:
            _say(messages.TEXT, self._name, lines + newline)
        return len(text)

    def finish(self) -> None:
        """Tell lines that have no end."""
        with self._lock:
            rest, self._pending = list(self._pending.values()), {}
        for text in rest:
            _say(messages.TEXT, self._name, f"{text}\n")

    def flush(self) -> None:
        """Hand on what the stream below has."""
        self._below.flush()

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor below."""
        return self._below.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream below."""
        return self._below.encoding

    def __getattr__(self, name: str) -> Any:
        """Return what a stream of text has beside, such as ``buffer``."""
        return getattr(self._below, name)


class _ToRunner(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
            if record.exc_info:
                text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
        except Exception:  # noqa: BLE001 - the arguments do not fit, or are of a class that fails itself
            text = str(record.msg)
        plain = {key: value for key, value in vars(record).items() if isinstance(value, _PLAIN)}
        _say(messages.RECORD, {**plain, "msg": text, "args": None, "exc_info": None, "exc_text": None})


_taken: list[_Stream] = []
_says: list[Callable[..., None]] = []


def take() -> None:
    """Take what this process prints and logs from here on; a module may keep the streams that it finds as it is imported.

    Until somebody hears it, it is told to nobody: what a module prints at import, the runner has printed when it imported it.
    """
    _taken[:] = [_Stream(getattr(sys, name), name) for name in ("stdout", "stderr")]
    logging.root.handlers[:] = [_ToRunner()]  # which is also why ``basicConfig`` does nothing, as in the runner
    leave_out_zenml()


def hear(say: Callable[..., None]) -> None:
    """Have what is printed and logged from here on be told to the runner."""
    _says[:] = [say]


def unheard() -> None:
    """Have it be told to nobody again."""
    finish()
    _says.clear()


def leave_out_zenml() -> None:
    """Undo what ZenML does to streams and to ``logging`` when it is imported: the runner shows lines, and has its own."""
    sys.stdout, sys.stderr = _taken
    logging.root.handlers[:] = [
        handler for handler in logging.root.handlers if not type(handler).__module__.startswith("zenml.")
    ]


def finish() -> None:
    """Tell all that was printed so far."""
    for stream in _taken:
        stream.finish()
        stream.flush()


def _say(*message: Any) -> None:
    for say in _says:
        say(*message)
