"""Running a command in a fork of the host, in place of the process that was started for it. Standard library only."""

from __future__ import annotations

import contextlib
import importlib
import os
import runpy
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final

from kitaru._core.process.forks import end_in_short
from kitaru._host.client import Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kitaru._host.client import HostedProcess

# What the commands that read import of the command line.
_COMMANDS: Final = ("artifacts", "entry", "executions", "login", "main", "stack")
# What shells report for a program that was killed.
_KILLED: Final = 128 + signal.SIGKILL


def run(program: Path, args: Sequence[str], begun: threading.Event) -> int | None:
    """Have a fork run ``kitaru`` with this process's streams, folder and variables, and wait for its end.

    Args:
        program: The file of the program that the host is.
        args: The command's arguments.
        begun: Set when the fork has begun.

    Returns:
        Its exit code; None where no fork can be had, and nothing has been done.
    """
    ours, theirs = socket.socketpair()
    with ours:
        try:
            with theirs:
                request = Request(program, ["command", *args], (0, 1, 2, theirs.fileno()), waits=True)
            process = request.result()
        except OSError:
            return None
        if process is None:
            return None
        begun.set()
        _pass_on(process)
        code = b""
        with contextlib.suppress(ConnectionResetError):  # it was killed
            while part := ours.recv(16):
                code += part
    if not code:
        sys.stderr.write("kitaru: the process that did the work of this command was killed\n")
        return _KILLED
    return int(code)


def _pass_on(fork: HostedProcess) -> None:
    """Let the fork have what a terminal sends to the processes of its session, of which the fork is none."""

    def interrupt(*_: object) -> None:
        fork.send_signal(signal.SIGINT)

    def suspend(*_: object) -> None:
        fork.send_signal(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        fork.send_signal(signal.SIGCONT)

    for number, handle in ((signal.SIGINT, interrupt), (signal.SIGTSTP, suspend)):
        if signal.getsignal(number) is not signal.SIG_IGN:  # a shell has a program in the background ignore them
            signal.signal(number, handle)


def load() -> None:
    """Import what commands need beside ZenML."""
    for name in _COMMANDS:
        importlib.import_module(f"kitaru._cli.{name}")


def be() -> None:
    """Be the command that was asked for; called in the fork.

    Its end is told by the last argument, a socket's descriptor: to the process that waits, as the exit code, and by
    that process to the fork, which ends then, too.
    """
    other_end = socket.socket(fileno=int(sys.argv.pop()))
    threading.Thread(target=_end_with, args=(other_end,), daemon=True).start()
    sys.argv = ["kitaru", *sys.argv[2:]]
    code: int | str | None = 1
    try:
        runpy.run_module("kitaru", run_name="__main__")
    except SystemExit as ended:
        code = ended.code
    end_in_short()
    other_end.sendall(str(code if isinstance(code, int) else int(code is not None)).encode())
    os._exit(0)


def _end_with(other_end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        other_end.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)
