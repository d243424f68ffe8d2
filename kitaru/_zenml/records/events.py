"""Lines about an execution's course in its runner's log, for whoever follows it."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kitaru._core.process import files

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()


class Announcement:
    """What became of a checkpoint."""

    status = "completed"


def has_log() -> bool:
    """Whether the runner has a log of its own: it is no thread of the user's process, and in no container."""
    return files.own_directory() is not None


def say(line: str) -> None:
    """Write one line to the runner's log, past ZenML's capture of stdout and stderr into its own logs.

    A message of several lines becomes one: whoever reads the log tells events from output by how a line begins.
    """
    if has_log():
        warn(" ".join(line.splitlines()))


def warn(line: str) -> None:
    """Write one line to the log of whatever runs the flow, or to the user's own stderr where that is this process."""
    with _lock, suppress(OSError):  # on a full disk the flow goes on without
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(2, f"kitaru: {line}\n".encode())


@contextmanager
def announce(name: str) -> Iterator[Announcement]:
    """Say when a checkpoint starts and how it ends."""
    announcement = Announcement()
    started = time.monotonic()
    say(f"checkpoint {name} started")
    try:
        yield announcement
    except BaseException as error:
        say(f"checkpoint {name} failed after {time.monotonic() - started:.1f} s: {type(error).__name__}: {error}")
        raise
    say(f"checkpoint {name} {announcement.status} in {time.monotonic() - started:.1f} s")
