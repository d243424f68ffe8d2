"""What a local runner tells about its execution: as data for programs, in words in its log for people."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kitaru._core.process import files
from kitaru._core.process.event import Event, Kind, encode, encode_line
from kitaru._core.process.shared_log import write_own
from kitaru._core.words.exception_text import encodable, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# The status of a call that was ended before it had an outcome.
CANCELLED: Final = "cancelled"
_lock = threading.Lock()


class Announcement:
    """What became of a checkpoint."""

    status = "completed"


def has_log() -> bool:
    """Whether the runner has a log of its own: it is no thread of the user's process, and in no container."""
    return files.own_directory() is not None


def tell(event: Event) -> None:
    """Append an event to the runner's events, and its words to the log, past ZenML's capture of stdout and stderr.

    Does nothing where there is no such log: in a container, and in a thread of the user's process.
    """
    directory = files.own_directory()
    if directory is None:
        return
    message = _one_line(event.message) if event.message is not None else None
    event = replace(event, text=_one_line(event.text), message=message)
    with _lock:
        _flush()
        event = replace(event, log_size=files.log_size(directory))
        with suppress(OSError):  # on a full disk the flow goes on without
            # First, so that whoever reads the words in the log, and then the events, knows whose they are.
            files.append_event(directory, encode(event))
        write_own(encode_line(event))


def warn(text: str) -> None:
    """Write a warning to the log of whatever runs the flow, or to the user's own stderr where that is this process."""
    event = Event(Kind.WARNING, text, message=text)
    if has_log():
        tell(event)
        return
    with _lock:
        _flush()
        write_own(encode_line(event))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


def _one_line(text: str) -> str:
    """Return text that any stream takes, on one line."""
    return encodable(" ".join(text.splitlines()))


@contextmanager
def marking_loading() -> Iterator[None]:
    """Mark in the log what a module prints while it is imported; what one has printed that fails counts as any output."""
    tell(Event(Kind.LOADING, ""))
    yield
    tell(Event(Kind.LOADED, ""))


@contextmanager
def announce(name: str) -> Iterator[Announcement]:
    """Tell when a checkpoint starts and how it ends."""
    announcement = Announcement()
    started = time.monotonic()
    tell(Event(Kind.STARTED, f"checkpoint {name} started", checkpoint=name))
    try:
        yield announcement
    except BaseException as error:
        took = time.monotonic() - started
        if announcement.status == CANCELLED:
            _tell_end(name, CANCELLED, took)
        else:
            raised = _one_line(f"{type(error).__name__}: {text_of(error)}")
            text = f"checkpoint {name} failed after {took:.1f} s: {raised}"
            tell(Event(Kind.FAILED, text, checkpoint=name, status="failed", seconds=took, error=raised))
        raise
    _tell_end(name, announcement.status, time.monotonic() - started)


def _tell_end(name: str, status: str, took: float) -> None:
    after = "after" if status == CANCELLED else "in"
    text = f"checkpoint {name} {status} {after} {took:.1f} s"
    tell(Event(Kind.ENDED, text, checkpoint=name, status=status, seconds=took))
