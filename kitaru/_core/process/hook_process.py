"""Starting a process that calls the hooks of an execution which nobody runs any more. Standard library only.

Who calls hooks holds the lock of the execution's hooks. The one that starts a process for it hands the lock over, so that
of several that look at once exactly one does, and that the next one may when the process is killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO, Final

from kitaru._core.process import files
from kitaru._core.process.places import START

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOCK: Final = ".hooks"
# Beside the log of a local runner, which takes the output where there is one.
LOG: Final = "hooks.log"


def start(directory: Path, own_path: Sequence[str], path: Sequence[str]) -> None:
    """Start a process that calls what is due, unless another one does.

    Args:
        directory: The directory of the execution's runners.
        own_path: The import path of this process.
        path: What the flow's module needs on it, where nothing is kept of what the execution was started in.

    Raises:
        OSError: It cannot be started.
    """
    files.make(directory)
    lock = _try_lock(directory)
    if lock is None:
        return
    try:
        with log_of(directory) as log:
            process = subprocess.Popen(
                [sys.executable, "-P", str(START), "hooks", str(directory), str(lock), json.dumps(list(path))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock],
                start_new_session=True,
                env={**os.environ, "KITARU_RUNNER_PATH": json.dumps(list(own_path))},
            )
    finally:
        os.close(lock)
    threading.Thread(target=process.wait, name="kitaru-reaper", daemon=True).start()


def log_of(directory: Path) -> BinaryIO:
    """Open what takes the output of hooks."""
    name = files.LOG if (directory / files.LOG).exists() else LOG
    return open(directory / name, "ab", opener=files.private)


def _try_lock(directory: Path) -> int | None:
    lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock
    os.close(lock)
    return None
