"""The files of local runners: one directory for each execution. Standard library only.

``runner.json`` tells which processes run it, ``job.json`` what to do, ``runner.log`` what was printed, ``attempt.json``
which attempt is under way, ``stop.json`` that it was asked to end.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = "runner.json"
JOB = "job.json"
LOG = "runner.log"
BOOT = "boot.json"
ATTEMPT = "attempt.json"
STOP = "stop.json"
# Files of runners that ended long ago are removed when a new one starts; the executions stay in ZenML's store.
KEEP_DAYS = 14
KEEP_COUNT = 200


def directory(base: Path, exec_id: str) -> Path:
    """Return the directory of an execution's runner."""
    return base / exec_id


def read(path: Path) -> dict[str, Any]:
    """Read a JSON file; empty where it is missing or not whole."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def write(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(data, file)
    temporary.replace(path)


def claim(directory: Path, generation: str, state: dict[str, Any]) -> None:
    """Write the state of a runner that starts; from here on no earlier runner of the execution can write it."""
    with _locked(directory):
        write(directory / STATE, {**state, "generation": generation})


def update(directory: Path, generation: str, state: dict[str, Any]) -> bool:
    """Write a runner's state, unless a later runner has claimed the execution; returns whether it was written."""
    with _locked(directory):
        if read(directory / STATE).get("generation") != generation:
            return False
        write(directory / STATE, {**state, "generation": generation})
        return True


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prune(base: Path, *, keep: str) -> None:
    """Remove the files of runners that ended long ago, or of all but the latest few hundred.

    Args:
        base: Where the directories are.
        keep: The one that is just being set up.
    """
    try:
        entries = sorted((entry for entry in base.iterdir() if entry.is_dir()), key=_modified, reverse=True)
    except OSError:
        return
    limit = time.time() - KEEP_DAYS * 86400
    for index, entry in enumerate(entries):
        if entry.name == keep or (index < KEEP_COUNT and _modified(entry) > limit):
            continue
        state = read(entry / STATE)
        if state and not state.get("ended"):
            continue  # its execution has not been seen to end: the state is what tells that it was lost
        shutil.rmtree(entry, ignore_errors=True)


def _modified(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:
        return 0.0


def own_directory() -> Path | None:
    """Return the directory of the execution that this worker runs; None in any other process."""
    told = os.environ.get("KITARU_RUNNER_DIRECTORY")
    return Path(told) if told else None


def note_attempt(number: int, *, last: bool) -> None:
    """Tell the supervisor which attempt is under way, and whether another one would be too many."""
    directory = own_directory()
    if directory is not None:
        write(directory / ATTEMPT, {"number": number, "last": last})


def stop_requested() -> str | None:
    """Return why this worker was asked to end; None where it was not."""
    directory = own_directory()
    return read(directory / STOP).get("reason") if directory is not None else None
