"""Asking the host for a fork, and starting it where there is none. Standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from kitaru._core.process import files, kept_secrets, surroundings
from kitaru._core.settings.environment import sensitive_variables
from kitaru._host import address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru._core.process.kept_secrets import Secrets

# How long a host may take to answer, and how long to load ZenML before, in seconds; then the runner starts without it.
_PATIENCE: Final = 10.0
_LOADING: Final = 60.0
_gave_up = False


@dataclass(frozen=True)
class Beginning:
    """What a fork begins with; by default what this process has.

    Attributes:
        env: Its variables.
        path: Its import path.
        folder: Its working directory.
        umask: Its file mode mask.
        secrets: Those among its variables that the host is to remember.
        goes_on: Whether it goes on with what another process had begun, so that the host is to set the values of secrets
            that it remembers and this process has not.
    """

    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    path: Sequence[str] = field(default_factory=lambda: list(sys.path))
    folder: str = field(default_factory=lambda: str(Path.cwd()))
    umask: int = field(default_factory=surroundings.umask)
    secrets: Secrets | None = None
    goes_on: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as the host gets it."""
        return {**vars(self), "secrets": None if self.secrets is None else vars(self.secrets)}


class HostedProcess:
    """A process that the host has forked for this one; used like ``subprocess.Popen``."""

    def __init__(self, pid: int, descriptor: int, stdin: BinaryIO | None) -> None:
        self.pid = pid
        self.stdin = stdin
        self._descriptor = descriptor
        self._ended = False

    def wait(self) -> None:
        """Wait for its end."""
        if not self._ended:
            select.select([self._descriptor], [], [])
            self._ended = True
            os.close(self._descriptor)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self._ended:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)


class Request:
    """A fork that the host has been asked for; it may still have to load ZenML."""

    def __init__(
        self,
        program: Path,
        args: Sequence[str],
        streams: Sequence[int],
        *,
        beginning: Beginning | None = None,
        waits: bool = False,
        heir: Sequence[str] = (),
    ) -> None:
        """Ask; where no host runs, start one.

        Args:
            program: The file of the program that the host is, called with ``host`` and its folder.
            args: The arguments of the program that the fork is to be.
            streams: The descriptors of its stdin, stdout and stderr, and of what else it is given; ``subprocess.PIPE`` as
                the first one for a pipe from this process.
            beginning: What it begins with; by default what this process has.
            waits: Whether the streams are handed over only when the host has answered, in ``result``. Those that a host
                which was stopped never takes stay open, and whoever reads their other ends waits for it.
            heir: The arguments of another fork that is to come where this one is killed; it gets this one's number, too.

        Raises:
            OSError: No host can be asked.
        """
        self._program = program
        beginning = beginning or Beginning()
        self._asked = {**beginning.to_json(), "args": list(args), "heir": list(heir)}
        self._folder = address.folder(beginning.env)
        self._waits = waits
        self._stdin: BinaryIO | None = None
        self._connection: socket.socket | None = None
        self._deadline = 0.0
        self._kept: list[int] = []
        try:
            self._keep(streams)
            self._ask()
        except OSError:
            self.abandon()
            raise

    def result(self) -> HostedProcess | None:
        """Wait for the fork; None where there is none, and the program is to be started without the host."""
        process = None
        try:
            answer = self._answer()
            if answer is not None and answer.get("again"):  # it has made room for another one
                with contextlib.suppress(OSError):
                    self._ask()
                    answer = self._answer()
            process = (answer or {}).get("process")
        finally:
            self._close(keep_stdin=process is not None)
        return process

    def abandon(self) -> None:
        """Forget about it; a fork that nobody tells what to do ends."""
        self._close(keep_stdin=False)

    def _close(self, *, keep_stdin: bool) -> None:
        if self._connection is not None:
            self._connection.close()
        while self._kept:
            os.close(self._kept.pop())
        if self._stdin is not None and not keep_stdin:
            self._stdin.close()

    def _keep(self, streams: Sequence[int]) -> None:
        self._kept.append(os.open(self._asked["folder"], os.O_RDONLY | os.O_DIRECTORY))
        for stream in streams:
            if stream == subprocess.PIPE:
                theirs, ours = os.pipe()
                self._kept.append(theirs)
                self._stdin = os.fdopen(ours, "wb", buffering=0)
            else:
                self._kept.append(os.dup(stream))

    def _ask(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = _connect(self._program, self._folder, self._asked["env"])
        is_ready = (self._folder / address.STATE).exists()
        self._deadline = time.monotonic() + (_PATIENCE if is_ready else _LOADING)
        self._connection.settimeout(_PATIENCE)
        socket.send_fds(self._connection, [b"\n"], [] if self._waits else self._kept)
        self._connection.sendall(json.dumps(self._asked).encode() + b"\n")

    def _answer(self) -> dict[str, Any] | None:
        global _gave_up  # noqa: PLW0603 - once a process
        assert self._connection is not None
        try:
            answer, descriptors = self._hear()
            if answer.get("ready"):
                socket.send_fds(self._connection, [b"\n"], self._kept)
                answer, descriptors = self._hear()
        except TimeoutError:
            _gave_up = True
            sys.stderr.write(
                "kitaru: the host does not answer. This goes on without it, which takes longer. "
                "`kitaru host restart` starts another one.\n"
            )
            return None
        except (OSError, ValueError):  # it has been killed
            return None
        if descriptors:
            answer["process"] = HostedProcess(answer["pid"], descriptors[0], self._stdin)
        return answer

    def _hear(self) -> tuple[dict[str, Any], list[int]]:
        assert self._connection is not None
        self._connection.settimeout(max(self._deadline - time.monotonic(), 0.1))
        _, descriptors, _, _ = socket.recv_fds(self._connection, 1, 1)
        with self._connection.makefile("r") as lines:
            return json.loads(lines.readline()), descriptors


def is_possible() -> bool:
    """Whether this system has what a host needs, and the host has answered so far."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and not _gave_up


def start(program: Path) -> None:
    """Start the host of this process, where none runs, and wait until it answers or has ended.

    Raises:
        OSError: There can be none.
    """
    with _connect(program, address.folder(), os.environ) as connection, contextlib.suppress(OSError):
        connection.settimeout(_LOADING)
        connection.sendall(b"\n{}\n")
        connection.recv(1)


def looks_after(program: Path) -> bool:
    """Whether a host looks after what this process's flows run as; one is started where there is none."""
    answer: dict[str, Any] = {"again": True}
    with contextlib.suppress(OSError, ValueError):
        asked = json.dumps(Beginning().to_json())
        for _ in range(2):  # the first one may have to make room for another
            if answer.get("again"):
                with _connect(program, address.folder(), os.environ) as connection:
                    connection.settimeout(_LOADING)
                    connection.sendall(f"\n{asked}\n".encode())
                    connection.recv(1)
                    with connection.makefile("r") as lines:
                        answer = json.loads(lines.readline())
    return bool(answer.get("ready"))


def _connect(program: Path, folder: Path, env: Mapping[str, str]) -> socket.socket:
    path = str(folder / address.SOCKET)
    with files.locked(folder, address.LOCK):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            _start(program, folder, env)
            connection.connect(path)
    if not address.peer_is_user(connection):
        connection.close()
        raise PermissionError(f"the socket {path} is somebody else's")
    return connection


def _start(program: Path, folder: Path, env: Mapping[str, str]) -> None:
    """Start a host that answers, as soon as it can, whoever has connected meanwhile; the folder is locked.

    Each fork gets the secrets of its own request: what the host itself began with would stand in /proc for as long as it
    lives. None of them is read while ZenML loads.
    """
    path = folder / address.SOCKET
    for stale in (path, folder / address.STATE):
        stale.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener, _private_log(folder) as log:
        listener.bind(str(path))
        listener.listen(128)
        secrets = kept_secrets.secrets_among(env, sensitive_variables())
        process = subprocess.Popen(
            [sys.executable, "-P", "-u", str(program), "host", str(folder)],
            stdin=listener.fileno(),
            stdout=log,
            stderr=log,
            cwd="/",
            env={name: value for name, value in env.items() if name not in secrets},
            start_new_session=True,
        )
    # Take note of its end, whenever that is, lest it stay a zombie of this process.
    threading.Thread(target=process.wait, name="kitaru-reaper", daemon=True).start()


def _private_log(folder: Path) -> BinaryIO:
    return os.fdopen(os.open(folder / address.LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
