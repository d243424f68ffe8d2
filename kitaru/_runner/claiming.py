"""Making an execution a runner's: its files say so before the runner begins. Standard library only."""

from __future__ import annotations

import contextlib
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from kitaru._core.process import crash_points, files

if TYPE_CHECKING:
    from collections.abc import Sequence


def claim(
    directory: Path,
    exec_id: str,
    job: dict[str, Any],
    processes: list[dict[str, Any]],
    *,
    hosted: bool,
    argv: Sequence[str] = (),
) -> Path:
    """Write down that some processes run an execution, and return its directory.

    Args:
        directory: The runner's directory, which may have another name until now.
        exec_id: The execution.
        job: How its flow is found, and how often its worker may be lost.
        processes: Its supervisor, and its worker where that is known.
        hosted: Whether they are forks of a host, so that others may take their place.
        argv: The arguments of the program that starts the flow; those of whoever lets it go on later do not count. They are
            kept here alone, as they may hold what is nobody else's business.
    """
    for stale in (files.STOP, files.ATTEMPT):
        (directory / stale).unlink(missing_ok=True)
    generation = uuid4().hex
    kept = files.read(files.directory(directory.parent, exec_id) / files.JOB)
    here: dict[str, Any] = {"prefix": sys.prefix if hosted else None, "argv": kept.get("argv") or list(argv)}
    with contextlib.suppress(OSError):  # it was removed, and the flow may do without
        here["folder"] = str(Path.cwd())
    files.write(directory / files.JOB, {**job, **here, "exec_id": exec_id, "generation": generation})
    files.claim(directory, generation, {"host": socket.gethostname(), "processes": processes, "ended": False})
    crash_points.reach("submitter, handing over")
    final = files.directory(directory.parent, exec_id)
    if directory != final:
        directory.rename(final)
    crash_points.reach("submitter, renamed")
    return final
