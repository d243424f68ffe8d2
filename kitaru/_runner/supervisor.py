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
STOP_PATIENCE = 3.0


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
    _Supervisor(Path(told)).run(worker)


class _Supervisor:
    """Keeps one execution running until it has ended or its worker was lost once too often."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._job = files.read(directory / files.JOB)

    def run(self, worker: subprocess.Popen[bytes]) -> None:
        losses = 0
        try:
            while True:
                self._note(worker)
                _tell(worker, self._directory)
                code = worker.wait()
                _end_group(worker, signal.SIGKILL)  # what the flow's code may have left running
                if code == 0:
                    self._note(None, ended=True)
                    return
                losses += 1
                lost = f"its runner {_describe(code)}"
                self._log(f"{lost} (loss {losses})")
                self._give_job(lost=lost)
                if losses > self._job["retries"] or files.read(self._directory / files.ATTEMPT).get("last"):
                    break
                worker = _spawn(self._directory)
        except _StopRequestedError:
            lost = "it was stopped: its supervisor was asked to end (SIGTERM)"
            self._stop(worker, lost)
            if files.read(self._directory / files.STOP).get("cancelled"):
                self._note(None, ended=True)  # whoever cancels the execution marks it
                return
        self._bury(lost)

    def _bury(self, lost: str) -> None:
        """Have the execution marked failed; a reader that comes first does it as well, as the state says it is lost."""
        self._give_job(lost=lost, bury=True)
        self._note(None, lost=lost)
        worker = _spawn(self._directory)
        _tell(worker, self._directory)
        if worker.wait() == 0:
            self._note(None, ended=True, lost=lost)

    def _stop(self, worker: subprocess.Popen[bytes], reason: str) -> None:
        stop = self._directory / files.STOP
        if not stop.exists():  # whoever cancels the execution has said so there
            files.write(stop, {"reason": reason})
        _end_group(worker, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(STOP_PATIENCE)
        _end_group(worker, signal.SIGKILL)
        worker.wait()

    def _give_job(self, **changes: Any) -> None:
        files.write(self._directory / files.JOB, {**self._job, **changes})

    def _note(self, worker: subprocess.Popen[bytes] | None, *, ended: bool = False, lost: str | None = None) -> None:
        processes = [this_process()]
        if worker is not None:
            processes.append(identify(worker.pid))
        state = {"host": socket.gethostname(), "processes": processes, "ended": ended, "lost": lost}
        # A paused execution may have been answered, and have a new runner, before this one has quite ended.
        files.update(self._directory, self._job["generation"], state)

    def _log(self, line: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with (self._directory / files.LOG).open("a", encoding="utf-8") as log:
            log.write(f"kitaru: {stamp} {line}\n")


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
    with contextlib.suppress(BrokenPipeError):  # it died while it was loading; wait() tells how
        worker.stdin.write(f"{directory}\n".encode())
        worker.stdin.close()


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
