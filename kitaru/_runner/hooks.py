"""A process that calls the hooks of an execution which has no runner any more.

Whoever looks at the execution starts it. It then takes the surroundings that the execution was started in.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from kitaru._core.process import files, surroundings
from kitaru._runner.restoring import go_on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def begin(directory: Path, lock: str, path: Sequence[str]) -> NoReturn:
    """Begin anew where the execution was started.

    Args:
        directory: The directory of the execution's runners.
        lock: The descriptor that holds the lock of the execution's hooks.
        path: Entries of the import path that the flow needs, where nothing is kept of what it was started in.
    """
    place = go_on(directory, path, renews=False)
    if place.folder is not None:
        os.chdir(place.folder)
    os.umask(place.surroundings.umask)
    os.set_inheritable(int(lock), True)
    interpreter, program = place.python
    os.execve(interpreter, [interpreter, "-P", program, "hooks here", str(directory), lock], place.env)  # noqa: S606


def call(directory: Path, lock: str) -> None:
    """Call what is due.

    Args:
        directory: The directory of the execution's runners.
        lock: The descriptor that holds the lock.
    """
    os.set_inheritable(int(lock), False)
    if (directory / files.LOG).exists():
        files.become_worker(directory, None)
    kept = surroundings.read(directory)
    if kept is not None:
        sys.argv[:] = kept.arguments(os.environ)
    from kitaru._zenml.hooks import calling

    calling.call_locked(directory.name)
