"""The process that workers are forks of, as the runner sees it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from kitaru._core.code.modules import import_path
from kitaru._workers import messages
from kitaru.errors import KitaruProcessError

_START: Final = Path(__file__).with_name("start.py")
_PATIENCE: Final = 5.0


class Zygote:
    """One such process."""

    def __init__(self, module: tuple[str, str | None], exec_id: str, level: int) -> None:
        """Start it.

        Args:
            module: The name and the file of the module that it is to import.
            exec_id: The execution.
            level: From which level on lines of ``logging`` are wanted.

        Raises:
            KitaruProcessError: It cannot be started.
        """
        setup = {
            "path": import_path(),
            "arguments": sys.argv,
            "module": module,
            "exec_id": exec_id,
            "level": level,
            "preload": True,
        }
        self._lock = threading.Lock()
        if not self._start(setup):
            self._start({**setup, "preload": False})

    def _start(self, setup: dict[str, object]) -> bool:
        ours, theirs = socket.socketpair()
        # Of its own: what flows start while they run gets other ones.
        output = os.dup(2)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_START), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        os.close(output)
        data = json.dumps(setup).encode()
        self._control = ours
        try:
            ours.sendall(len(data).to_bytes(4, "big") + data)
            answer = ours.recv(1)
        except OSError:
            answer = b""
        if answer == messages.READY:
            return True
        self.close()
        if answer != messages.COLD:
            raise KitaruProcessError(
                f'The process that checkpoints with runtime="process" are forked from has not started (exit code '
                f"{self._process.returncode}); the log of the execution has what it put out."
            )
        return False

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def fork(self, connection: int, status: int) -> None:
        """Have it fork a worker; whose end is told over ``status``.

        Raises:
            KitaruProcessError: It has ended.
        """
        with self._lock:
            try:
                socket.send_fds(self._control, [messages.COMMAND.pack(messages.FORK, 0)], [connection, status])
            except OSError as error:
                raise KitaruProcessError("The process that workers are forked from was lost.") from error

    def tell(self, command: bytes, pid: int) -> None:
        """Have it end a worker; one that has ended is none of its."""
        with self._lock, contextlib.suppress(OSError):
            self._control.sendall(messages.COMMAND.pack(command, pid))

    def close(self) -> None:
        """End it, and all its workers."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
            return
        self._process.kill()
        self._process.wait()
