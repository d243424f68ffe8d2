"""Files that the programs and processes of checkpoints write to, in place of the output of the process that starts them.

A pipe would end programs that outlive this process, and hold up those that print faster than it reads. What a file has is
copied to where it would have gone. How far that has come stands beside it, for whoever comes after a crash. Standard library
only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FOLDER: Final = "programs"
_MARK: Final = ".copied"
_MARK_SIZE: Final = 8
# How much is read at once, in bytes.
_PIECE: Final = 1 << 20


class ProgramsOutput:
    """The files of this process, one for each owner of programs."""

    def __init__(self, folder: Path, show: Callable[[bytes], Any]) -> None:
        """Begin with none.

        Args:
            folder: Where the files are to be.
            show: Called with what is new in one.
        """
        self._folder = folder
        self._show = show
        self._lock = threading.Lock()
        self._files: dict[Any, _File] = {}
        self._ended: list[tuple[Any, _File]] = []
        self._count = 0
        self.has_files = threading.Event()

    def descriptor_for(self, owner: Any) -> int | None:
        """Return a descriptor that the programs of an owner write to; None where there can be no file."""
        with self._lock:
            try:
                if owner not in self._files:
                    self._folder.mkdir(mode=0o700, exist_ok=True)
                    self._count += 1
                    self._files[owner] = _File(self._folder / f"{os.getpid()}-{self._count}")
                    self.has_files.set()
                return self._files[owner].writing
            except OSError:  # no space, or no descriptors: they print where this process does
                return None

    def take(self) -> Iterator[tuple[Any, bytes]]:
        """Show what is new, and yield it by its owner."""
        with self._lock:
            files = [*self._files.items(), *self._ended]
        for owner, file in files:
            is_last = file.writing is None and not file.has_writers()
            for piece in file.new():
                self._show(piece)
                file.note_copied(len(piece))
                yield owner, piece
            if is_last:
                with self._lock:
                    self._ended.remove((owner, file))
                file.remove()
        with self._lock:
            if not self._files and not self._ended:
                self.has_files.clear()

    def end(self, owner: Any) -> None:
        """Note that an owner starts no more programs; those that it has started may go on."""
        with self._lock:
            file = self._files.pop(owner, None)
            if file is not None:
                file.close_writing()
                self._ended.append((owner, file))


def copy_rest(folder: Path, show: Callable[[bytes], Any]) -> None:
    """Show what a process that was lost has not copied any more, and remove its files."""
    for mark in sorted(folder.glob(f"*{_MARK}")):
        path = mark.with_suffix("")
        with contextlib.suppress(OSError):
            with path.open("rb") as file:
                file.seek(int.from_bytes(mark.read_bytes()))
                while piece := file.read(_PIECE):
                    show(piece)
            path.unlink()
        mark.unlink(missing_ok=True)


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark_path = path.with_name(path.name + _MARK)
        flags = os.O_CREAT | os.O_CLOEXEC
        self._reading = os.open(path, flags | os.O_RDONLY, 0o600)
        self._knows_writers = not self._has_no_lease()  # nobody can write to it yet, but some servers give no lease
        self.writing: int | None = os.open(path, os.O_CLOEXEC | os.O_WRONLY | os.O_APPEND)
        self._mark = os.open(self._mark_path, flags | os.O_WRONLY, 0o600)
        self._copied = 0
        self.note_copied(0)

    def new(self) -> Iterator[bytes]:
        while piece := os.pread(self._reading, _PIECE, self._copied):
            yield piece

    def note_copied(self, length: int) -> None:
        self._copied += length
        with contextlib.suppress(OSError):  # on a full disk; some would be copied twice after a crash
            os.pwrite(self._mark, self._copied.to_bytes(_MARK_SIZE), 0)

    def has_writers(self) -> bool:
        """Whether a process has it open to write to it: a lease for reading is given where none does."""
        return self._knows_writers and self._has_no_lease()

    def _has_no_lease(self) -> bool:
        try:
            fcntl.fcntl(self._reading, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(self._reading, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            return True
        except (OSError, AttributeError):  # there are no leases here: what comes from here on stays where it is
            return False
        return False

    def close_writing(self) -> None:
        if self.writing is not None:
            os.close(self.writing)
            self.writing = None

    def remove(self) -> None:
        os.close(self._reading)
        os.close(self._mark)
        self._path.unlink(missing_ok=True)
        self._mark_path.unlink(missing_ok=True)
