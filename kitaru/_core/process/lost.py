"""Executions of this machine that nobody runs any more and that may be tried again. Standard library only."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Final

from kitaru._core.process import files
from kitaru._core.process.processes import is_running

if TYPE_CHECKING:
    from pathlib import Path

# What is said of a runner of which nothing is left, its supervisor neither.
GONE: Final = "its runner's processes are gone: killed, or the machine was restarted"


def unfinished(base: Path) -> list[Path]:
    """Return the directories of executions that a supervisor of this machine runs, or ran, and that nobody stops.

    Args:
        base: Where the directories of the runners are.
    """
    return [path.parent for path in sorted(base.glob(f"*/{files.STATE}")) if _is_unfinished(path.parent)]


def is_lost(directory: Path) -> bool:
    """Whether nobody runs an execution that a host of this Python environment ran, and that may be tried again."""
    if not _is_unfinished(directory):
        return False
    job = files.read(directory / files.JOB)
    processes = files.read(directory / files.STATE).get("processes", [])
    is_last = files.read(directory / files.ATTEMPT).get("last", job.get("retries", 0) == 0)
    return not is_last and job.get("prefix") == sys.prefix and not any(map(is_running, processes))


def _is_unfinished(directory: Path) -> bool:
    state = files.read(directory / files.STATE)
    return bool(
        state.get("host") == socket.gethostname()
        and state.get("processes")
        and not (state.get("ended") or state.get("lost") or (directory / files.STOP).exists())
        and (directory / files.JOB).exists()
    )
