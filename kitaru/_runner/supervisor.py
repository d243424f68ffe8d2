"""The supervisor of one execution: starts the worker, and starts it again when it is lost. Standard library only.

It is the first process to start, in a session of its own, while the submitting process still compiles the flow; the
worker loads ZenML meanwhile. Over its standard input it is then told the directory of the execution. It ends with
the execution, and needs nothing of the process that started it after that.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitaru._core.process import crash_points, files, lost
from kitaru._core.process.forks import Forked, ForkedProcess, leave_stdin
from kitaru._core.process.places import START
from kitaru._core.process.processes import identify, is_running, this_process

if TYPE_CHECKING:
    from collections.abc import Sequence

# How long a worker that was asked to stop may take to let its checkpoints clean up, in seconds, where the job does not say.
_GRACE = 3
# How often is looked whether a worker is alive that says nothing, in seconds.
_LOOK = 1.0


# What those lock that would take over an execution.
_ADOPTING = ".heir"


class _StopRequestedError(Exception):
    """The supervisor was asked to end."""


def main(directory: Path, *, forks: bool, order: Sequence[str] = ()) -> None:
    """Run the supervisor; returns in a fork of it as well, whose arguments then are those of a worker.

    Args:
        directory: Where the log is; it gets its final name with the execution.
        forks: Whether this process has loaded what workers need, so that they are forks of it.
        order: Descriptors for the first worker, where that is to submit the flow: of the connection to the process that
            asks, and of its stderr.
    """
    signal.signal(signal.SIGTERM, _request_stop)
    signal.signal(signal.SIGINT, _request_stop)
    with contextlib.suppress(Forked):
        _supervise(directory, _Forks if forks else _Programs, order)


def take_over(base: Path, whose: str) -> None:
    """Take the place of a supervisor that was killed; returns in a fork of this process as well, as ``main`` does.

    Args:
        base: Where the directories of the runners are.
        whose: The supervisor's number, or the execution.
    """
    found = [
        directory
        for directory in lost.unfinished(base)
        if whose in (directory.name, str(files.read(directory / files.STATE)["processes"][0]["pid"]))
    ]
    if found:  # a number may have been that of an earlier one, too
        directory = max(found, key=lambda path: (path / files.STATE).stat().st_mtime_ns)
        job = files.read(directory / files.JOB)
        if (worker := _adopted(directory, job)) is not None:
            _supervise_adopted(directory, worker)


def heirs(base: Path) -> list[list[str]]:
    """Return the arguments of those who take over executions that nobody runs any more and that may be tried again.

    Args:
        base: Where the directories of the runners are.
    """
    return [[*heir_in(base), directory.name] for directory in lost.unfinished(base) if lost.is_lost(directory)]


def heir_in(base: Path) -> list[str]:
    """Return the arguments of whoever takes the place of a supervisor, but for the last: whose place."""
    return ["heir", str(base)]


def _adopted(directory: Path, job: dict[str, Any]) -> _Adopted | None:
    """Become the supervisor of an execution, and return its worker; None where somebody else was faster."""
    with files.locked(directory, _ADOPTING):
        state = files.read(directory / files.STATE)
        supervisor, *workers = state["processes"]
        is_first = not is_running(supervisor)
        state = {**state, "processes": [this_process(), *workers]}
        return _Adopted(workers) if is_first and files.update(directory, job["generation"], state) else None


def _supervise_adopted(directory: Path, worker: _Adopted) -> None:
    signal.signal(signal.SIGTERM, _request_stop)
    signal.signal(signal.SIGINT, _request_stop)
    with files.open_log(directory) as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    with contextlib.suppress(Forked):
        _Supervisor(directory, _Forks).run(worker, knows=True)


def _supervise(directory: Path, workers: type[_Worker], order: Sequence[str]) -> None:
    worker = workers(directory, order)
    for descriptor in order:
        os.close(int(descriptor))
    try:
        line = worker.hear() if order else sys.stdin.readline().strip()
    except _StopRequestedError:
        line = ""
    if not line:  # the submission failed, or the submitting process died before the execution existed
        worker.signal(signal.SIGKILL)
        shutil.rmtree(directory, ignore_errors=True)
        return
    leave_stdin()
    _Supervisor(Path(line), workers).run(worker, knows=bool(order))


class _Supervisor:
    """Keeps one execution running until it has ended or its worker was lost once too often."""

    def __init__(self, directory: Path, workers: type[_Worker]) -> None:
        self._directory = directory
        self._start_worker = workers
        self._job = files.read(directory / files.JOB)

    def run(self, worker: _Worker | _Adopted, *, knows: bool) -> None:
        """Supervise.

        Args:
            worker: The first worker.
            knows: Whether it runs the execution already.
        """
        losses = 0
        changes: dict[str, Any] = {}
        try:
            while True:
                crash_points.reach("supervisor, before")
                self._note(worker)
                if isinstance(worker, _Worker) and not knows:
                    worker.tell(self._directory, self._job["generation"], changes)
                knows = False
                worker.wait()
                worker.signal(signal.SIGKILL)  # what the flow's code may have left running
                if worker.has_finished():
                    self._note(None, ended=True)
                    return
                losses += 1
                loss = worker.loss()
                changes = {"lost": loss}
                if isinstance(worker, _Worker):  # else it may as well have come to its end
                    self._log(f"{loss} (loss {losses})")
                if losses > self._job["retries"] or files.read(self._directory / files.ATTEMPT).get("last"):
                    break
                worker = self._start_worker(self._directory)
        except _StopRequestedError:
            loss = "it was stopped: its supervisor was asked to end (SIGTERM)"
            self._stop(worker, loss)
            if files.read(self._directory / files.STOP).get("cancelled"):
                self._note(None, ended=True)  # whoever cancels the execution marks it
                return
        self._bury(loss)

    def _bury(self, loss: str) -> None:
        """Have the execution marked failed; a reader that comes first does it as well, as the state says it is lost."""
        self._note(None, loss=loss)
        worker = self._start_worker(self._directory)
        worker.tell(self._directory, self._job["generation"], {"lost": loss, "bury": True})
        worker.wait()
        if worker.has_finished():
            self._note(None, ended=True, loss=loss)

    def _stop(self, worker: _Worker | _Adopted, reason: str) -> None:
        stop = self._directory / files.STOP
        with contextlib.suppress(OSError):  # the worker then records it as its own failure
            if not stop.exists():  # whoever cancels the execution has said so there
                files.write(stop, {"reason": reason})
        worker.signal(signal.SIGTERM)
        grace = self._job.get("grace", _GRACE)
        try:
            worker.wait(grace)
        except subprocess.TimeoutExpired:
            self._log(f"killed: it has not ended within the {grace} s that it has to clean up (KITARU_CANCEL_GRACE)")
        worker.signal(signal.SIGKILL)
        worker.wait()

    def _note(self, worker: _Worker | _Adopted | None, *, ended: bool = False, loss: str | None = None) -> None:
        processes = [this_process()]
        if worker is not None:
            processes += worker.processes
        state = {"host": socket.gethostname(), "processes": processes, "ended": ended, "lost": loss}
        with contextlib.suppress(OSError):  # the disk refuses: this process living or not says the most
            # A paused execution may have been answered, and have a new runner, before this one has quite ended.
            files.update(self._directory, self._job["generation"], state)

    def _log(self, line: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with contextlib.suppress(OSError), files.open_log(self._directory) as log:
            log.write(f"kitaru: {stamp} {line}\n".encode())


class _Worker:
    """A worker process, which leads a group of its own.

    Over its standard input it is told what to do; over one more pipe it says at its end how it went, for a disk may be
    full and the store out of reach by then.
    """

    def __init__(self, directory: Path, order: Sequence[str] = ()) -> None:
        self._words, theirs = os.pipe()
        os.set_blocking(self._words, False)
        # It writes to the log that this process writes to. The log's name may change at this very moment.
        env = {"PYTHONUNBUFFERED": "1", files.LAST_WORDS_VARIABLE: str(theirs)}
        self._process = self._begin(["worker", str(directory), *order], theirs, env)
        os.close(theirs)
        self.pid = self._process.pid
        self.processes = [identify(self.pid)]
        self._last_words = ""

    def _begin(self, args: list[str], words: int, env: dict[str, str]) -> subprocess.Popen[bytes] | ForkedProcess:
        raise NotImplementedError

    def tell(self, directory: Path, generation: str, changes: dict[str, Any]) -> None:
        """Tell it where its job is, of which generation, and what to do otherwise than the job says."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died while it was loading; wait() tells how
            self._process.stdin.write(json.dumps([str(directory), generation, changes]).encode() + b"\n")
            self._process.stdin.close()

    def hear(self) -> str:
        """Wait for its first line; empty where it has ended without one."""
        line = b""
        while not line.endswith(b"\n"):
            ended = self._process.poll() is not None
            select.select([self._words], [], [], 0 if ended else _LOOK)
            try:
                part = os.read(self._words, 1)  # what comes after it are its last words
            except BlockingIOError:
                part = b""
                if not ended:
                    continue
            if not part:
                return ""
            line += part
        return line.decode().strip()

    def wait(self, timeout: float | None = None) -> None:
        """Wait for its end and take its last words."""
        self._process.wait(timeout)
        with contextlib.suppress(BlockingIOError):  # a process that it left behind holds the pipe open
            self._last_words = os.read(self._words, 65536).decode(errors="replace").strip()

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to all of its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, sign)

    def has_finished(self) -> bool:
        """Whether it came to its own end; a flow that calls ``os._exit(0)`` does not."""
        return self._process.returncode == 0 and self._last_words == files.FINISHED

    def loss(self) -> str:
        """Say what became of it: ``"its runner was killed by signal 9 (SIGKILL)"``."""
        assert self._process.returncode is not None
        ended = f"its runner {_describe(self._process.returncode)}"
        return f"{ended}: {self._last_words}" if self._last_words not in ("", files.FINISHED) else ended


class _Adopted:
    """The worker of a supervisor that was killed, where it has one; how it ends, nobody is told."""

    def __init__(self, processes: list[dict[str, Any]]) -> None:
        self.processes = [process for process in processes if is_running(process)]

    def wait(self, timeout: float | None = None) -> None:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: It still runs after ``timeout`` seconds.
        """
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(process["pid"])
                try:
                    if is_running(process) and not select.select([descriptor], [], [], timeout)[0]:
                        raise subprocess.TimeoutExpired(["worker"], timeout or 0)
                finally:
                    os.close(descriptor)

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to all of its group."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process["pid"], sign)

    def has_finished(self) -> bool:
        """Whether it came to its own end, which the store alone can tell: the next worker looks there."""
        return False

    def loss(self) -> str:
        """Say what became of it."""
        return lost.GONE


class _Programs(_Worker):
    """Workers that are programs of their own, and load ZenML."""

    def _begin(self, args: list[str], words: int, env: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", str(START), *args],
            stdin=subprocess.PIPE,
            process_group=0,
            pass_fds=[words],
            env={**os.environ, **env},
        )


class _Forks(_Worker):
    """Workers that are forks of a process that has loaded ZenML."""

    def _begin(self, args: list[str], _words: int, env: dict[str, str]) -> ForkedProcess:
        return ForkedProcess(args, env, close=self._words)


def _request_stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise _StopRequestedError


def _describe(code: int) -> str:
    if code >= 0:
        return f"exited with code {code} in the middle"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else "unknown"
    return f"was killed by signal {-code} ({name})"
