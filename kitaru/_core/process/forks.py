"""A fork of this process, as a supervisor sees it. Standard library only."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Forked(BaseException):
    """Raised in a process that has just been forked, which leaves the frames of its parent that way."""


class ForkedProcess:
    """A fork of this process that leads a group of its own and reads from a pipe; used like ``subprocess.Popen``."""

    def __init__(self, args: Sequence[str], env: Mapping[str, str], close: int) -> None:
        """Fork.

        Args:
            args: The fork's arguments.
            env: Variables that the fork has beside those of this process.
            close: A descriptor that is for this process alone.

        Raises:
            Forked: This is the fork.
        """
        theirs, ours = os.pipe()
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # its parent's handlers are not for the fork
        try:
            self.pid = os.fork()
            if self.pid == 0:
                os.setpgid(0, 0)
                restore_signals()
                os.dup2(theirs, 0)
                for descriptor in (theirs, ours, close):
                    os.close(descriptor)
                sys.stdin = open(0, closefd=False)  # noqa: SIM115 - what its parent has read ahead is not for it
                sys.argv[1:] = args
                os.environ.update(env)
                raise Forked
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        os.close(theirs)
        with contextlib.suppress(OSError):  # whoever of the two comes first
            os.setpgid(self.pid, self.pid)
        self.stdin: BinaryIO = os.fdopen(ours, "wb", buffering=0)
        self.returncode: int | None = None
        self._descriptor = os.pidfd_open(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return how it ended.

        Raises:
            subprocess.TimeoutExpired: It still runs after ``timeout`` seconds.
        """
        if self.returncode is None:
            if not select.select([self._descriptor], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(["worker"], timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self._descriptor)
        return self.returncode

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode


def restore_signals() -> None:
    """Have signals do to this process what they do to a program that begins."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def end_in_short(*, waits: bool = True) -> None:
    """Do what Python does at its end, but for taking down all that is loaded: 70 ms of a fork's time, for nothing.

    After it there is nothing to call but ``os._exit``. What it calls has no public name; multiprocessing ends its forks
    by the first as well.

    Args:
        waits: Whether threads that still run are waited for.
    """
    if waits:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - and closes pools of them
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody reads it any more, or it was closed
            stream.flush()


def leave_stdin() -> None:
    """Have nothing on stdin from here on."""
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)


def name_process(name: str) -> None:
    """Give this process the name that ``ps`` and ``top`` show; 15 characters at most."""
    Path("/proc/self/comm").write_text(name)


def reseed() -> None:
    """Give each fork random numbers of its own; those of ``random`` and ``secrets`` see to it themselves."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
