"""A runner's log as its worker writes it, and what others write to it meanwhile. Standard library only.

Descriptors 1 and 2 of a worker lead to its log, and so do those of the programs and processes that it starts. The worker
writes through a description of the file of its own, whose position tells after each write where the bytes are. All other
bytes are those of C code and of other processes.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Final

from kitaru._core.process import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STDERR: Final = 2
# How much of what others have written is read at once, in bytes.
_PIECE: Final = 1 << 20
_own: list[SharedLog] = []  # at most one


class SharedLog:
    """The log of this worker."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: It cannot be opened.
        """
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._known = os.fstat(self._file).st_size  # up to here it is known whose the bytes are
        self._others: list[tuple[int, int]] = []

    def leads_to(self, descriptor: int) -> bool:
        """Whether a descriptor of this process leads to the same file."""
        return os.path.sameopenfile(self._file, descriptor)

    def write(self, data: bytes) -> None:
        """Append to it; in a fork of the worker, as any other process does."""
        if os.getpid() != self._pid:
            os.write(_STDERR, data)
            return
        while data:
            with self._lock:
                written = os.write(self._file, data)
                end = os.lseek(self._file, 0, os.SEEK_CUR)
                self._note(end - written)
                self._known = end
            data = data[written:]

    def take_others(self) -> Iterator[bytes]:
        """Yield what others have written since this was last called, in pieces."""
        with self._lock:
            self._note(os.fstat(self._file).st_size)
            others, self._others = self._others, []
        for start, end in others:
            for place in range(start, end, _PIECE):
                yield os.pread(self._file, min(_PIECE, end - place), place)

    def _note(self, place: int) -> None:
        """Note that others have written all that is not known up to a place."""
        if place > self._known:
            self._others.append((self._known, place))
            self._known = place


def open_own() -> SharedLog | None:
    """Return the log of this worker; None in any other process, and where its output goes elsewhere."""
    directory = files.own_directory()
    if not _own and directory is not None:
        with contextlib.suppress(OSError):  # it could not be made: the output goes nowhere
            log = SharedLog(directory / files.LOG)
            if log.leads_to(1) and log.leads_to(_STDERR):
                _own.append(log)
    return _own[0] if _own else None


def write_own(data: bytes) -> None:
    """Append to the log of this worker, or to the stderr of any other process; on a full disk do nothing."""
    with contextlib.suppress(OSError):
        if _own:
            _own[0].write(data)
        else:
            os.write(_STDERR, data)
