"""The process that workers are forks of: it has imported the module of the flow, and has no threads."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import select
import signal
import socket
import threading
from pathlib import Path
from typing import Any, Final, NoReturn

from kitaru._core.code import loading
from kitaru._core.code.importing import import_module
from kitaru._core.process.forks import name_process, restore_signals
from kitaru._workers import child, messages, step_context, streams

# How often is looked whether the runner is alive, in seconds: a fork of it may hold the connection.
_LOOK: Final = 2.0
_PR_SET_PDEATHSIG: Final = 1


def serve(control: socket.socket, setup: dict[str, Any]) -> None:
    """Fork workers until the runner has gone.

    Args:
        control: The connection to it.
        setup: The module to import, the execution, and whether to import.
    """
    runner = os.getppid()
    with contextlib.suppress(OSError):  # not Linux
        name_process("kitaru-forks")
    logging.root.setLevel(setup["level"])
    streams.take()
    step_context.take_imports(streams.leave_out_zenml)
    if setup["preload"] and not _preload(setup):
        control.sendall(messages.COLD)
        os._exit(0)
    gc.freeze()  # what has been loaded stays: no collection of a fork need look at it
    control.sendall(messages.READY)
    forks = _Forks(control)
    while os.getppid() == runner and forks.handle():
        pass
    forks.end()


def _preload(setup: dict[str, Any]) -> bool:
    """Import the module of the flow, and return whether this process can be forked then."""
    try:
        with loading.loading(setup["exec_id"]):
            import_module(*setup["module"])
    except BaseException:  # noqa: BLE001 - the worker that imports it has the same, and tells
        return False
    return threading.active_count() == 1 and _tasks() == 1


def _tasks() -> int:
    """Return how many threads the system knows of this process, those of C libraries included."""
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:  # not Linux
        return 1


class _Forks:
    """The workers that are forks of this process."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._statuses: dict[int, int] = {}
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake)

    def handle(self) -> bool:
        """Wait for what there is to do, and do it; return whether the runner is still there."""
        ready, _, _ = select.select([self._control.fileno(), self._woken], [], [], _LOOK)
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        self._reap()
        return self._control.fileno() not in ready or self._obey()

    def end(self) -> NoReturn:
        """Kill all, and end."""
        for pid in self._statuses:
            _signal(pid, signal.SIGKILL)
        os._exit(0)

    def _obey(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, messages.COMMAND.size, 2)
        except ConnectionError:
            return False
        if not data:
            return False
        command, pid = messages.COMMAND.unpack(data)
        if command == messages.FORK:
            self._fork(*descriptors)
        elif pid in self._statuses:
            _signal(pid, signal.SIGTERM if command == messages.END else signal.SIGKILL)
        return True

    def _fork(self, connection: int, status: int) -> None:
        zygote = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # the runner sees that nobody says how it has ended
            os.close(connection)
            os.close(status)
            return
        if pid == 0:
            with contextlib.suppress(BaseException):
                self._become_worker(zygote, status)
                child.work(connection)
            os._exit(1)
        with contextlib.suppress(OSError):  # whoever of the two comes first
            os.setpgid(pid, pid)
        os.close(connection)
        self._statuses[pid] = status

    def _become_worker(self, zygote: int, status: int) -> None:
        signal.set_wakeup_fd(-1)
        restore_signals()
        os.setpgid(0, 0)
        _end_with(zygote)
        self._control.close()
        for descriptor in (self._woken, self._wake, status, *self._statuses.values()):
            os.close(descriptor)
        with contextlib.suppress(OSError):
            name_process("kitaru-call")

    def _reap(self) -> None:
        while self._statuses:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            _signal(ended.si_pid, signal.SIGKILL)  # what it has started and left running
            status = os.waitpid(ended.si_pid, 0)[1]
            descriptor = self._statuses.pop(ended.si_pid, None)
            if descriptor is not None:
                with contextlib.suppress(OSError):  # nobody wants to know
                    os.write(descriptor, messages.STATUS.pack(status))
                os.close(descriptor)


def _signal(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sign)


def _end_with(parent: int) -> None:
    """Have the system end this process when the parent ends, where it can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it has ended before
        os._exit(1)
