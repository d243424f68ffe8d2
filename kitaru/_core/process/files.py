"""The files of local runners: one directory for each execution. Standard library only.

``runner.json`` tells which processes run it, ``job.json`` what to do, ``surroundings.json`` in which surroundings,
``runner.log`` what was printed, ``events.jsonl`` what happened, ``attempt.json`` which attempt is under way, ``stop.json``
that it was asked to end.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from kitaru._core.process.processes import is_running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# How the name of a directory begins that waits for its execution.
STARTING = ".starting-"
STATE = "runner.json"
JOB = "job.json"
SURROUNDINGS = "surroundings.json"
LOG = "runner.log"
EVENTS = "events.jsonl"
ATTEMPT = "attempt.json"
STOP = "stop.json"
# A worker's end of the pipe over which it says how it went; the word where all went well.
LAST_WORDS_VARIABLE = "KITARU_RUNNER_LAST_WORDS"
FINISHED = "finished"
# The state is padded to this many bytes: on a disk that has run full since, it can still be written over in place.
_STATE_SIZE = 4096
_LAST_WORDS_SIZE = 1000
_own_directory: Path | None = None
_last_words: int | None = None
# Files of runners that ended long ago are removed when a new one starts; the executions stay in ZenML's store.
KEEP_DAYS = 14
KEEP_COUNT = 200
# Those of executions that may go on: what they were started in stands nowhere else.
KEEP_RESUMABLE_DAYS = 180
KEEP_RESUMABLE_COUNT = 2000


def directory(base: Path, exec_id: str) -> Path:
    """Return the directory of an execution's runner."""
    return base / exec_id


def make(directory: Path) -> None:
    """Make the directory of a runner; what its flow prints is its user's business alone."""
    make_base(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)


def make_base(base: Path) -> None:
    """Make the folder where the directories of the runners are, and Kitaru's own folder around it."""
    for folder in (base.parent, base):  # parents that mkdir makes on the way get no mode
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)


def open_log(directory: Path) -> BinaryIO:
    """Open a runner's log to append to it; where that is impossible by now, open what swallows everything."""
    try:
        return open(directory / LOG, "ab", opener=private)
    except OSError:
        return open(os.devnull, "ab")  # noqa: PTH123 - the caller closes it


def append_event(directory: Path, line: bytes) -> None:
    """Append a line to the events of a runner; one that was cut off before, on a full disk, takes no other with it."""
    descriptor = private(str(directory / EVENTS), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, b"\n" + line if is_torn else line)
    finally:
        os.close(descriptor)


def log_size(directory: Path) -> int | None:
    """Return how many bytes a runner's log has; None where there is none."""
    try:
        return (directory / LOG).stat().st_size
    except OSError:
        return None


def read(path: Path) -> dict[str, Any]:
    """Read a JSON file; empty where it is missing or not whole."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def write(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never a part."""
    _write(path, json.dumps(data))


def claim(directory: Path, generation: str, state: dict[str, Any]) -> None:
    """Write the state of a runner that starts; from here on no earlier runner of the execution can write it."""
    with locked(directory):
        _write_state(directory, {**state, "generation": generation})


def update(directory: Path, generation: str, state: dict[str, Any]) -> bool:
    """Write a runner's state, unless a later runner has claimed the execution; returns whether it was written."""
    with locked(directory):
        if read(directory / STATE).get("generation") != generation:
            return False
        _write_state(directory, {**state, "generation": generation})
        return True


def note_ended(directory: Path) -> None:
    """Write into a runner's state that its execution has ended, so that its files can be removed one day."""
    with contextlib.suppress(OSError), locked(directory):
        state = read(directory / STATE)
        if state:
            _write_state(directory, {**state, "ended": True})


@contextmanager
def locked(directory: Path, name: str = ".lock") -> Iterator[None]:
    """Let one process of this host at a time do what follows.

    Args:
        directory: Where the file is that they lock.
        name: Its name.
    """
    with open(directory / name, "w", opener=private) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_state(directory: Path, state: dict[str, Any]) -> None:
    text = json.dumps(state).ljust(_STATE_SIZE)
    try:
        _write(directory / STATE, text)
    except OSError:
        with (directory / STATE).open("r+b", buffering=0) as file:
            file.write(text.encode())


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8", opener=private) as file:
            file.write(text)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def private(path: str, flags: int) -> int:
    """Open a file that is its user's business alone; for ``open(opener=)``."""
    return os.open(path, flags, 0o600)


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
    for index, entry in enumerate(entries):
        resumable = (entry / SURROUNDINGS).exists() and not entry.name.startswith(STARTING)
        days, count = (KEEP_RESUMABLE_DAYS, KEEP_RESUMABLE_COUNT) if resumable else (KEEP_DAYS, KEEP_COUNT)
        recent = _modified(entry) > time.time() - days * 86400
        if entry.name == keep or (recent and (index < count or entry.name.startswith(STARTING))):
            continue
        state = read(entry / STATE)
        if state and not state.get("ended") and (recent or _is_alive(state)):
            continue  # its execution has not been seen to end: the state is what tells that it was lost
        shutil.rmtree(entry, ignore_errors=True)


def running(base: Path) -> list[str]:
    """Return the executions whose runners work on this host."""
    states = ((entry.parent.name, read(entry)) for entry in sorted(base.glob(f"*/{STATE}")))
    return [exec_id for exec_id, state in states if not state.get("ended") and works_here(state)]


def works_here(state: dict[str, Any]) -> bool:
    """Whether a process of this host runs the execution whose runner has this state."""
    return state.get("host") == socket.gethostname() and any(map(is_running, state.get("processes", [])))


def _is_alive(state: dict[str, Any]) -> bool:
    return state.get("host") != socket.gethostname() or any(map(is_running, state.get("processes", [])))


def _modified(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:
        return 0.0


def become_worker(directory: Path, last_words: int | None) -> None:
    """Note that this process is the worker of an execution.

    It stands in no environment variable, which the programs that a flow starts would inherit.

    Args:
        directory: Where the execution's files are.
        last_words: This end of the pipe to the supervisor; None where it has none.
    """
    global _own_directory, _last_words
    _own_directory, _last_words = directory, last_words


def own_directory() -> Path | None:
    """Return the directory of the execution that this worker runs; None in any other process."""
    return _own_directory


def say_last_words(words: str) -> None:
    """Tell the supervisor how this worker ended."""
    assert _last_words is not None
    with contextlib.suppress(BrokenPipeError):  # there is none any more
        os.write(_last_words, words.encode(errors="replace")[:_LAST_WORDS_SIZE])


def tell_supervisor(directory: str) -> None:
    """Tell the supervisor of which execution, by its directory, this worker has just become the runner."""
    assert _last_words is not None
    with contextlib.suppress(BrokenPipeError):
        os.write(_last_words, f"{directory}\n".encode())


def is_current(generation: str) -> bool:
    """Whether no later runner has claimed the execution of this worker."""
    return _own_directory is not None and read(_own_directory / STATE).get("generation") == generation


def give_up(words: str) -> None:
    """End this worker at once, for its supervisor to start another while retries remain; does nothing elsewhere.

    For what a process cannot mend that goes on: memory that has run out, a store that takes no record of a failure.
    """
    if _last_words is not None:
        say_last_words(words)
        os._exit(1)


def note_attempt(number: int, *, last: bool) -> None:
    """Tell the supervisor which attempt is under way, and whether another one would be too many."""
    directory = own_directory()
    if directory is not None:
        with contextlib.suppress(OSError):  # the disk refuses; the flow, or the store, will meet it and tell
            write(directory / ATTEMPT, {"number": number, "last": last})


def stop_requested() -> str | None:
    """Return why this worker was asked to end; None where it was not."""
    directory = own_directory()
    return read(directory / STOP).get("reason") if directory is not None else None
