"""The supervisor of one execution: starts the worker, and starts it again when it is lost. Standard library only.

It is the first process to start, in a session of its own, while the submitting process still compiles the flow; the
worker loads ZenML meanwhile. Over its standard input it is then told the directory of the execution. It ends with
the execution, and needs nothing of the process that started it after that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from kitaru._runner import files
from kitaru._runner.process import identify, this_process

START = Path(__file__).with_name("start.py")
# How long a worker that was asked to stop may take to let its checkpoints clean up, in seconds.
STOP_PATIENCE = 8.0


class _StopRequestedError(Exception):
    """The supervisor was asked to end."""


def main(directory: Path) -> None:
    """Run the supervisor.

    Args:
        directory: Where the boot file and the log are; it gets its final name with the execution.
    """
    signal.signal(signal.SIGTERM, _request_stop)
    signal.signal(signal.SIGINT, _request_stop)
    worker = _spawn(directory)
    try:
        told = sys.stdin.readline().strip()
    except _StopRequestedError:
        told = ""
    if not told:  # the submission failed, or the submitting process died before the execution existed
        _end_group(worker, signal.SIGKILL)
        shutil.rmtree(directory, ignore_errors=True)
        return
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    _supervise(Path(told), worker)


def _supervise(directory: Path, worker: subprocess.Popen[bytes]) -> None:
    job = files.read(directory / files.JOB)
    losses = 0
    try:
        while True:
            _note(directory, worker)
            _tell(worker, directory)
            code = worker.wait()
            _end_group(worker, signal.SIGKILL)  # what the flow's code may have left running
            if code == 0:
                _note(directory, None, ended=True)
                return
            losses += 1
            lost = f"its runner {_describe(code)}"
            _log(directory, f"{lost} (loss {losses})")
            files.write(directory / files.JOB, {**job, "lost": lost})
            if losses > job["retries"] or files.read(directory / files.ATTEMPT).get("last"):
                break
            worker = _spawn(directory)
    except _StopRequestedError:
        lost = "it was stopped: its supervisor was asked to end (SIGTERM)"
        _stop_worker(directory, worker, lost)
    _bury(directory, job, lost)


def _bury(directory: Path, job: dict[str, Any], lost: str) -> None:
    """Have the execution marked failed; a reader that comes first does it as well, as the state says it is lost."""
    files.write(directory / files.JOB, {**job, "lost": lost, "bury": True})
    _note(directory, None, lost=lost)
    worker = _spawn(directory)
    _tell(worker, directory)
    if worker.wait() == 0:
        _note(directory, None, ended=True, lost=lost)


def _spawn(directory: Path) -> subprocess.Popen[bytes]:
    with (directory / files.LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", str(START), "worker", str(directory)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            process_group=0,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "KITARU_RUNNER_LOG": "1"},
        )


def _tell(worker: subprocess.Popen[bytes], directory: Path) -> None:
    assert worker.stdin is not None
    try:
        worker.stdin.write(f"{directory}\n".encode())
        worker.stdin.close()
    except BrokenPipeError:
        pass  # it died while it was loading; wait() tells how


def _note(
    directory: Path, worker: subprocess.Popen[bytes] | None, *, ended: bool = False, lost: str | None = None
) -> None:
    processes = [this_process()]
    if worker is not None:
        processes.append(identify(worker.pid))
    state: dict[str, Any] = {"host": socket.gethostname(), "processes": processes, "ended": ended, "lost": lost}
    files.write(directory / files.STATE, state)


def _stop_worker(directory: Path, worker: subprocess.Popen[bytes], reason: str) -> None:
    files.write(directory / files.STOP, {"reason": reason})
    _end_group(worker, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        worker.wait(STOP_PATIENCE)
    _end_group(worker, signal.SIGKILL)
    worker.wait()


def _end_group(worker: subprocess.Popen[bytes], sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(worker.pid, sign)


def _request_stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise _StopRequestedError


def _describe(code: int) -> str:
    if code >= 0:
        return f"exited with code {code} in the middle"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else "unknown"
    return f"was killed by signal {-code} ({name})"


def _log(directory: Path, line: str) -> None:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with (directory / files.LOG).open("a", encoding="utf-8") as log:
        log.write(f"kitaru: {stamp} {line}\n")
