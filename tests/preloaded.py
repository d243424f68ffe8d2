"""A Python that has loaded Kitaru and ZenML already, and runs programs in forks of itself.

Loading ZenML takes more CPU than all the rest of most tests' programs. A fork has the modules and nothing else: like the
programs that ``python`` starts, it is a process with an environment, a folder and streams of its own, in which nobody
has opened a store yet. Programs whose loading is what a test is about are started as ever.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Not loaded ahead: what does something as it is imported, or needs a library that few programs need.
_LEFT_OUT = (
    "kitaru.__main__",
    "kitaru._llm.asking",
    "kitaru._mcp",
    "kitaru._llm.access",
    "kitaru._runner.start",
    "kitaru._zenml.running.entrypoint",
)
# How the variables begin that Python, ZenML and Kitaru read while they are loaded.
_READ_EARLY = ("PYTHON", "ZENML_")


def can_run(args: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether a fork does what ``python *args`` would, with these variables beside those of its home."""
    is_program = args[0] == "-c" or not args[0].startswith("-")
    return is_program and not any(name.startswith(_READ_EARLY) for name in env)


class PreloadedPython:
    """The process that forks, and what it takes to have it run a program."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Start it.

        Args:
            env: What it finds while it loads; each program has an environment of its own.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="python-")
        self._address = str(Path(self._folder.name) / "socket")
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its stdin, which ends it
        self._folder.cleanup()

    def run(
        self, args: Sequence[str], cwd: Path, env: Mapping[str, str], stdin: str | None, timeout: float
    ) -> tuple[int | None, str, str]:
        """Run ``python *args``; give its exit code, None where it was killed for the time, and what it printed."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write((stdin or "").encode())
            given.seek(0)
            code = self._run(args, cwd, env, [given.fileno(), out.fileno(), err.fileno()], timeout)
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode(errors="replace").replace("\r\n", "\n"))
        return code, *texts

    def _run(
        self, args: Sequence[str], cwd: Path, env: Mapping[str, str], streams: list[int], timeout: float
    ) -> int | None:
        request = json.dumps({"args": args, "cwd": str(cwd), "env": dict(env)}).encode()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._address)
            socket.send_fds(connection, [b"\n"], streams)
            connection.sendall(request + b"\n")
            with connection.makefile("r") as replies:
                pid = int(replies.readline())
                if not select.select([connection], [], [], timeout)[0]:
                    os.kill(pid, signal.SIGKILL)
                    return None
                return int(replies.readline())


def main(address: str) -> None:
    """Load everything, and be the forks of this process that are asked for."""
    import kitaru

    for module in pkgutil.walk_packages(kitaru.__path__, "kitaru."):
        if not module.name.startswith(_LEFT_OUT):
            importlib.import_module(module.name)
    gc.freeze()
    request = _serve(address)
    if request is not None:
        _run_program(**request)


def _serve(address: str) -> dict[str, Any] | None:
    """Fork for each request; return in the fork with what it is to do, and with None where no more come."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the processes that wait for the forks
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while 0 not in select.select([0, listener], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                break
            connection.close()
        else:
            return None
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("r") as lines:
        request: dict[str, Any] = json.loads(lines.readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return request
    with suppress(BrokenPipeError):  # the test has been waiting for too long
        connection.sendall(b"%d\n" % pid)
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os._exit(0)


def _run_program(args: list[str], cwd: str, env: dict[str, str]) -> None:
    """Do what ``python *args`` does once it is there."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    program = ModuleType("__main__")
    if args[0] == "-c":
        source, name, path = args[1], "<string>", ""
        sys.argv = ["-c", *args[2:]]
    else:
        file = Path(args[0]).absolute()
        source, name, path = file.read_text(encoding="utf-8"), str(file), str(file.resolve().parent)
        sys.argv = args
        program.__file__ = name
        program.__loader__ = SourceFileLoader("__main__", name)
    sys.path[0] = path
    sys.modules["__main__"] = program
    try:
        exec(compile(source, name, "exec", dont_inherit=True), program.__dict__)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - as Python does at the end of any program
        own = error.__traceback__.tb_next if error.__traceback__ else None
        sys.excepthook(type(error), error.with_traceback(own), own)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
