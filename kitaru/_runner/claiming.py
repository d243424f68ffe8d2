"""Making an execution a runner's: its files say so before the runner begins. Standard library only."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from kitaru._core.process import crash_points, files, surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru._core.process.surroundings import Surroundings


def claim(
    directory: Path,
    exec_id: str,
    job: dict[str, Any],
    processes: list[dict[str, Any]],
    *,
    hosted: bool,
    keep: Surroundings | None,
) -> Path:
    """Write down that some processes run an execution, and return its directory.

    Args:
        directory: The runner's directory, which may have another name until now.
        exec_id: The execution.
        job: How its flow is found, and how often its worker may be lost.
        processes: Its supervisor, and its worker where that is known.
        hosted: Whether they are forks of a host, so that others may take their place.
        keep: The surroundings that it is to have from now on; None where it has those that are kept.
    """
    for stale in (files.STOP, files.ATTEMPT):
        (directory / stale).unlink(missing_ok=True)
    generation = uuid4().hex
    here = {"prefix": sys.prefix if hosted else None, "exec_id": exec_id, "generation": generation}
    if keep is not None:
        surroundings.write(directory, keep)
    files.write(directory / files.JOB, {**job, **here, "goes_on": keep is None})
    files.claim(directory, generation, {"host": socket.gethostname(), "processes": processes, "ended": False})
    crash_points.reach("submitter, handing over")
    final = files.directory(directory.parent, exec_id)
    if directory != final:
        directory.rename(final)
    crash_points.reach("submitter, renamed")
    return final
