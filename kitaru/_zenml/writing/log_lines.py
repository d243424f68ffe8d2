"""How lines get into the logs of checkpoints and executions.

ZenML hands a line to the log of the context it is printed in. It leaves out lines of threads that print at the same time,
loses a whole batch of all logs where one line cannot be encoded, and raises where a line cannot be formatted.
"""

from __future__ import annotations

import copy
import logging
import os
import threading
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakSet

from zenml.utils.logging_utils import LoggingContext

from kitaru._core.words.exception_text import encodable
from kitaru._zenml.door.private import log_lines_by

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN: Final = "orchestrator"  # ZenML's name for the log of a run
_ended: WeakSet[LoggingContext] = WeakSet()
_run_log: ContextVar[LoggingContext | None] = ContextVar("kitaru_run_log", default=None)
_here = threading.local()
_owner: list[int] = []  # the process that adds lines; its forks do not
_listeners: list[Listener] = []


class Listener(Protocol):
    """What is told of logs."""

    def begun(self, log: LoggingContext) -> None:
        """Take note of a log that has begun."""

    def ending(self, log: LoggingContext) -> None:
        """Take note of a log that is about to end."""

    def before_line(self) -> None:
        """Add what comes before a line that is about to be added."""


def replace_dispatch() -> None:
    """Have ZenML hand lines to logs by this module; doing so again changes nothing."""
    _owner[:] = [os.getpid()]
    log_lines_by(_dispatch, _begun, _ending, _plain)
    log = LoggingContext.get()
    if log is not None and log.log_model.source == _RUN:
        _run_log.set(log)


def listen(listener: Listener) -> None:
    """Tell a listener of logs from here on."""
    _listeners.append(listener)


def current_log() -> LoggingContext | None:
    """Return the log that lines of this thread or task belong to; that of the run where a checkpoint's has ended."""
    log = LoggingContext.get()
    if log is not None and log in _ended:
        log = _run_log.get()
    return log if log not in _ended else None


def has_ended(log: LoggingContext) -> bool:
    """Whether nothing more can be added to a log."""
    return log in _ended


@contextmanager
def lines_of(log: LoggingContext | None, run_log: LoggingContext | None) -> Iterator[None]:
    """Have what this thread prints inside go to a log; where that has ended, to the log of its run."""
    before = _run_log.set(run_log)
    token = LoggingContext.__context_var__.set(log)  # type: ignore[arg-type]
    try:
        yield
    finally:
        LoggingContext.__context_var__.reset(token)
        _run_log.reset(before)


def current_lines() -> tuple[LoggingContext | None, LoggingContext | None]:
    """Return what ``lines_of`` takes for this thread or task."""
    return LoggingContext.get(), _run_log.get()


def add_text(log: LoggingContext | None, text: str, stream: str) -> None:
    """Add what was put out to a log.

    Args:
        log: The log; None for none.
        text: The text.
        stream: ``"stdout"`` or ``"stderr"``.
    """
    level = logging.INFO if stream == "stdout" else logging.ERROR
    if logging.root.isEnabledFor(level):
        _add(log, logging.LogRecord(stream, level, "", 0, text, (), None, ""))


def before_line() -> None:
    """Have what others have put out be shown and added; called before something is, so that all stands in its order."""
    if [os.getpid()] == _owner:
        for listener in _listeners:
            listener.before_line()


@contextmanager
def not_dispatched() -> Iterator[None]:
    """Have ZenML hand to no log what this thread prints inside."""
    before = getattr(_here, "is_busy", False)
    _here.is_busy = True
    try:
        yield
    finally:
        _here.is_busy = before


def _dispatch(record: logging.LogRecord, metadata: dict[str, Any] | None = None) -> None:
    _add(current_log(), record, metadata)


def _add(log: LoggingContext | None, record: logging.LogRecord, metadata: dict[str, Any] | None = None) -> None:
    # What writing to a log puts out itself is added to none. Of a fork, the process that has started it hears.
    if log is None or getattr(_here, "is_busy", False) or [os.getpid()] != _owner:
        return
    before_line()
    with not_dispatched():
        log.emit(record, metadata)


def _begun(log: LoggingContext) -> None:
    if log.log_model.source == _RUN:
        _run_log.set(log)
    for listener in _listeners:
        listener.begun(log)


def _ending(log: LoggingContext) -> None:
    for listener in _listeners:
        listener.ending(log)
    _ended.add(log)


def _plain(record: logging.LogRecord) -> logging.LogRecord:
    """Return a record that any log takes: the same one, where it is such."""
    try:
        text, raised = record.getMessage(), _raised(record)
    except Exception:  # noqa: BLE001 - the arguments do not fit, or are of a class that fails itself
        text, raised = str(record.msg), []
    else:
        # ZenML leaves out the traceback of an exception that was given nothing to tell.
        if len(raised) != 1 and _is_encodable(
            text, *raised, *(value for value in vars(record).values() if isinstance(value, str))
        ):
            return record
    plain = copy.copy(record)
    for name, value in vars(record).items():
        setattr(plain, name, encodable(value) if isinstance(value, str) else value)
    plain.msg, plain.args, plain.exc_info = encodable("\n".join([text, *raised[:1]])), (), None
    return plain


def _raised(record: logging.LogRecord) -> list[str]:
    """Return the texts that ZenML makes of a record's exception: its traceback, and what it was given.

    Raises:
        Exception: One of them cannot be had.
    """
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return []
    return ["".join(traceback.format_exception(error)), *(str(value) for value in error.args[:1])]


def _is_encodable(*texts: str) -> bool:
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return False
    return True
