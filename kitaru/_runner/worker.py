"""The worker: loads the flow's module and drives ZenML's runner for one execution."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitaru._core.process import crash_points, files, lack, programs_output, surroundings
from kitaru._core.process.forks import end_in_short, leave_stdin
from kitaru._core.words.exception_text import text_of
from kitaru.errors import KitaruBackendError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru._core.process.surroundings import Surroundings


class RunnerStopped(BaseException):
    """The worker was asked to end."""


def main(directory: Path, order: Sequence[str] = ()) -> None:
    """Load ZenML, wait to be told the execution's directory, or submit one, and run it.

    Args:
        directory: The first name of the directory; nothing in it has been needed so far.
        order: Descriptors of the connection to the process that asks for a submission, and of its stderr.
    """
    last_words = int(os.environ.pop(files.LAST_WORDS_VARIABLE))
    files.become_worker(directory, last_words)
    _preload()
    gc.freeze()  # what has been loaded stays: no collection need look at it
    gc.enable()
    told = _submit(directory, order) if order else _listen()
    if told is None:
        return
    path, generation, changes = told
    files.become_worker(path, last_words)
    job = {**files.read(path / files.JOB), **changes}
    try:
        _run(job, generation)
        _call_hooks(job)
    except BaseException as error:
        files.say_last_words(f"{type(error).__name__}: {text_of(error)}")
        raise
    files.say_last_words(files.FINISHED)
    if _has_left_threads():  # which may have started further ones, and wait for them
        end_in_short(waits=False)
        os._exit(0)


def _listen() -> tuple[Path, str, dict[str, Any]] | None:
    """Wait for the supervisor to tell which execution this is the runner of."""
    line = sys.stdin.readline().strip()
    leave_stdin()
    if not line:
        return None
    path, generation, changes = json.loads(line)
    return Path(path), generation, changes


def _submit(directory: Path, order: Sequence[str]) -> tuple[Path, str, dict[str, Any]] | None:
    from kitaru._runner import submission

    leave_stdin()
    path = submission.submit(socket.socket(fileno=int(order[0])), int(order[1]), directory)
    return None if path is None else (path, files.read(path / files.JOB)["generation"], {})


def load() -> None:
    """Import what it takes to run a flow, and open nothing."""
    from kitaru._zenml.door import preloaded, store  # noqa: F401
    from kitaru._zenml.records import records, runs  # noqa: F401
    from kitaru._zenml.running import execute, flow_loading  # noqa: F401
    from kitaru._zenml.submitting import submit  # noqa: F401 - flows that start flows


def warm() -> None:
    """Do what each process would do at its first flow; for the host, all of whose forks have it then."""
    from kitaru._zenml.door import preloaded

    preloaded.warm()


def _preload() -> None:
    try:
        load()
    except KitaruBackendError as error:  # no ZenML that Kitaru works with: no attempt of this process can be recorded
        files.say_last_words(str(error))
        sys.exit(f"kitaru: {error}")
    from kitaru._zenml.door import store

    with contextlib.suppress(Exception):  # whoever needs the store next meets the same error, and can tell it
        store.open_client()


def _run(job: dict[str, Any], generation: str) -> None:
    from kitaru._zenml.door import store
    from kitaru._zenml.records import records, runs
    from kitaru._zenml.running import execute, flow_loading

    exec_id = job["exec_id"]
    directory = files.own_directory()
    assert directory is not None
    store.open_client()
    with runs.exclusive():
        if not files.is_current(generation):
            return  # it has been retried while this process was loading, and has another runner
        has_ended = _has_ended(job)
    programs_output.copy_rest(directory / programs_output.FOLDER, partial(os.write, 1))  # of a worker that was lost
    if has_ended:
        return
    signal.signal(signal.SIGTERM, _stop)
    crash_points.reach("worker, before")
    kept = _take_arguments()
    try:
        flow_loading.load_flow(job)
    except RunnerStopped:
        raise  # its supervisor knows why, and says so
    except BaseException as error:  # noqa: BLE001 - a module may do anything while it is imported
        _tell_lack(job, kept)
        records.ensure_failed(exec_id, error)
        return
    _tell_lack(job, kept)  # what the module sets itself, it has set by now
    execute.run_execution(exec_id, job.get("lost"))


def _has_ended(job: dict[str, Any]) -> bool:
    """Return whether nothing is left to run; what is to be buried is marked as lost."""
    from kitaru._zenml.records import records, runs

    if job.get("bury"):
        records.mark_lost(job["exec_id"], job["lost"])
        return True
    # The worker before this one may have come to its end, and could tell nobody.
    return "lost" in job and runs.needs_no_runner(runs.find_run(job["exec_id"], hydrate=False))


def _call_hooks(job: dict[str, Any]) -> None:
    """Call what is to be called as the execution has ended."""
    if job.get("hooks"):
        from kitaru._zenml.hooks import calling

        _take_arguments()  # of one that is only buried, nothing has been loaded
        calling.call_due(job["exec_id"])


def _has_left_threads() -> bool:
    from kitaru._zenml.running import time_limits

    return bool(time_limits.left_behind)


def _take_arguments() -> Surroundings | None:
    """Take the arguments of the program that started the flow; returns all that is kept of it."""
    directory = files.own_directory()
    assert directory is not None
    kept = surroundings.read(directory)
    if kept is not None:
        sys.argv[:] = kept.arguments(os.environ)
    return kept


def _tell_lack(job: dict[str, Any], kept: Surroundings | None) -> None:
    """Tell what this process, where it goes on with what another one has begun, has otherwise than that had."""
    lines = [job["note"]] if job.get("note") else []
    if kept is not None and (job.get("goes_on") or "lost" in job):
        lines += lack.note(kept, job["exec_id"], job.get("left_out", ())).lines
    for line in lines:
        sys.stderr.write(f"kitaru: {time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")


def _stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise RunnerStopped("the runner was asked to end (SIGTERM)")
