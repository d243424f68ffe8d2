"""Limits that hold over all processes of one user on one machine: how many at once, and how often. Standard library only.

Who wants a place has a file of its own, which it keeps locked: a lock ends with the process that has it, be it killed. The
names of the files are the order in which the places are given.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from kitaru._core.process import files
from kitaru._core.process.places import runner_directory

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru._core.policies.amounts import Rate

FOLDER: Final = "limits"
_HELD: Final = ".held"
_STARTS: Final = "starts.json"
# The descriptors of this process, which its forks do not keep: a place would be taken as long as one of them lives.
_descriptors: set[int] = set()


def folder_of(key: str) -> Path:
    """Return the folder of what shares a limit, and make it.

    Args:
        key: What tells it from others.
    """
    base = runner_directory().parent / FOLDER
    files.make_base(base)
    folder = base / sha256(key.encode()).hexdigest()[:32]
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Busy:
    """There is no place.

    Attributes:
        held: How many are taken.
        ahead: How many wait for one since before.
    """

    held: int
    ahead: int


class Ticket:
    """A wish for one of some places, and then the place."""

    def __init__(self, folder: Path, order: int) -> None:
        """Stand in line.

        Args:
            folder: That of what shares the places.
            order: Nanoseconds since the epoch; who has the lowest number is the first to get a place.

        Raises:
            OSError: The folder cannot be written.
        """
        self._folder = folder
        self._name = f"{order:020d}-{uuid4().hex}"
        with files.locked(folder):  # nobody takes the file for one that its process has left
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        _descriptors.add(self._descriptor)

    @property
    def is_held(self) -> bool:
        """Whether it has a place."""
        return self._name.endswith(_HELD)

    def take(self, places: int) -> Busy | None:
        """Take a place; where there is none for this one, say how many are before it.

        Args:
            places: How many there are.
        """
        with files.locked(self._folder):
            names = [name for name in sorted(os.listdir(self._folder)) if self._is_alive(name)]  # noqa: PTH208 - names alone
            held = sum(name.endswith(_HELD) for name in names)
            ahead = sum(name < self._name for name in names if not name.endswith(_HELD))
            if held + ahead >= places:
                return Busy(held, ahead)
            self._path.rename(self._folder / f"{self._name}{_HELD}")
            self._name += _HELD
            return None

    def leave(self) -> None:
        """Give back the place, or wait for none any more."""
        if self._descriptor not in _descriptors:
            return
        _descriptors.remove(self._descriptor)
        with contextlib.suppress(OSError):  # once it is not locked, the next one removes it
            self._path.unlink(missing_ok=True)
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)

    @property
    def _path(self) -> Path:
        return self._folder / self._name

    def _is_alive(self, name: str) -> bool:
        """Whether a file is one that a living process holds; what others have left is removed."""
        if name == self._name:
            return True
        if not name[:1].isdigit():
            return False
        path = self._folder / name
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except BlockingIOError:
            return True
        except OSError:  # it has just left
            return False
        return False


def seconds_to_wait(folder: Path, rate: Rate) -> float:
    """Count a start, where the rate allows one now, and return 0; else return in how many seconds it will.

    Args:
        folder: That of what shares the rate.
        rate: How often it may start.

    Raises:
        OSError: The folder cannot be written.
    """
    with files.locked(folder):
        now = time.time()
        known = files.read(folder / _STARTS).get("starts", [])
        # One in the future was counted before the clock was set back.
        starts = [start for start in known if now - rate.seconds < start <= now]
        if len(starts) >= rate.count:
            return max(float(starts[-rate.count]) + rate.seconds - now, 0.001)
        files.write(folder / _STARTS, {"starts": [*starts, now]})
        return 0.0


def _close_in_fork() -> None:
    for descriptor in _descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _descriptors.clear()


os.register_at_fork(after_in_child=_close_in_fork)
