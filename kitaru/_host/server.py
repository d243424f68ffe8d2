"""The host: loads ZenML, forks for each request, and ends when nobody has asked for a while.

It has no thread and opens no store, so that a fork of it is what a program is that has loaded ZenML and done nothing.
It never serves what it is not sure of: where a file that it has loaded was changed, something was installed, or a
variable that was read while it loaded has another value, it makes room for another host.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.process import files, surroundings
from kitaru._core.process.forks import name_process
from kitaru._core.process.kept_secrets import Secrets
from kitaru._core.process.places import runner_directory
from kitaru._core.process.processes import this_process
from kitaru._host import address, fork
from kitaru._host.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# How long the host stays when nothing runs and nobody asks, in seconds.
_PATIENCE: Final = 300.0
# How long somebody who has connected may take to say what is wanted, in seconds.
_REQUEST_TIMEOUT: Final = 5.0
# How many descriptors a request has at most: a folder, three streams, and two more.
_DESCRIPTORS: Final = 6
# How long what took the place of another has to live, for another one to take its own, in seconds.
_CRASH_LOOP: Final = 10.0
# How often is looked for what nobody runs any more, in seconds.
_LOOK: Final = 10.0
# How the names end of modules, and of what tells that a distribution is installed. Packages are folders.
_TELLING: Final = (".py", ".pyc", ".so", ".pth", ".dist-info", ".egg-info", ".egg-link")
# Read while ZenML loads, and taken over by forks all the same.
_FOLLOWED = frozenset({"HOME"})


def serve(folder: Path, load: Sequence[Callable[[], None]], heirs: Callable[[Path], list[list[str]]]) -> bool:
    """Be the host; returns False at its end, and True in a fork, which then is the program that was asked for.

    Args:
        folder: The host's own folder; file descriptor 0 is its listening socket.
        load: What imports what the forks need.
        heirs: Returns the arguments of forks that take over what nobody runs any more, of a folder of runners.
    """
    if os.fork() > 0:  # it is nobody's child: a program that waits for its children does not wait for the host
        os._exit(0)
    listener = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    name_process("kitaru-host")
    loaded = _Loaded.record(load)
    gc.collect()
    gc.freeze()  # no collection in a fork need look at it, and copy it
    woken = _wake_at_ends()
    files.write(folder / address.STATE, {**this_process(), "since": time.time()})
    return _Host(folder, listener, woken, loaded, heirs).run()


def _wake_at_ends() -> int:
    """Return a descriptor that becomes readable when a fork has ended."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


class _Host:
    def __init__(
        self,
        folder: Path,
        listener: socket.socket,
        woken: int,
        loaded: _Loaded,
        heirs: Callable[[Path], list[list[str]]],
    ) -> None:
        self._folder = folder
        self._listener = listener
        self._inode = (folder / address.SOCKET).stat().st_ino
        self._woken = woken
        self._loaded = loaded
        self._children: dict[int, _Child] = {}
        self._heirs = heirs
        # By each folder of runners the last request of somebody who uses it, in whose surroundings heirs run.
        self._used: dict[Path, dict[str, Any]] = {}
        self._memory = Memory()
        self._last_asked = self._last_look = time.monotonic()

    def run(self) -> bool:
        while True:
            ready = select.select([self._listener.fileno(), self._woken], [], [], min(_LOOK, _PATIENCE))[0]
            if self._reap() or self._look_for_lost():
                return True
            if self._listener.fileno() in ready:
                connection, _ = self._listener.accept()
                self._last_asked = time.monotonic()
                with connection:
                    if self._answer(connection):
                        return True
            if self._children:
                self._last_asked = time.monotonic()
            if time.monotonic() - self._last_asked >= _PATIENCE or not self._is_wanted():
                self._retire()
                return False

    def _look_for_lost(self) -> bool:
        """See, now and then, that everything that is to run does; returns True in a fork that takes something over."""
        if time.monotonic() - self._last_look < _LOOK:
            return False
        self._last_look = time.monotonic()
        return any(self._take_over(base) for base in self._used)

    def _take_over(self, base: Path) -> bool:
        return any(
            self._fork_inside({**self._restored(base, heir[-1]), "args": heir, "heir": heir[:-1]})
            for heir in self._heirs(base)
        )

    def _restored(self, base: Path, exec_id: str) -> dict[str, Any]:
        """Return the request for what goes on with an execution, in the surroundings that it was started in."""
        request = self._used[base]
        kept = surroundings.read(files.directory(base, exec_id))
        if kept is None:
            return request
        is_shadowed = self._loaded.what_is_shadowed(kept.path) is not None
        further = [entry for entry in kept.path if entry not in request["path"]]
        return {
            **request,
            "env": self._memory.fill(kept.secrets, kept.env_for(request["env"])),
            "folder": kept.existing_folder or request["folder"],
            "path": [*request["path"], *further] if is_shadowed else kept.path,
            "umask": kept.umask,
        }

    def _reap(self) -> bool:
        """Take note of what has ended; returns True in the fork that takes the place of what was killed."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        for pid, child in list(self._children.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._children[pid]
                if status != 0 and child.has_heir and self._fork_inside({**child.request, "args": child.heir(pid)}):
                    return True
        return False

    def _is_wanted(self) -> bool:
        """Whether the socket by which one finds a host is still the one of this host."""
        try:
            return (self._folder / address.SOCKET).stat().st_ino == self._inode
        except OSError:
            return False

    def _retire(self) -> None:
        with contextlib.suppress(OSError), files.locked(self._folder, address.LOCK):
            if self._is_wanted():
                (self._folder / address.SOCKET).unlink()
                (self._folder / address.STATE).unlink()

    def _answer(self, connection: socket.socket) -> bool:
        """Answer one request; returns True in the fork."""
        descriptors: list[int] = []
        try:
            if not address.peer_is_user(connection):
                return False
            connection.settimeout(_REQUEST_TIMEOUT)
            _, descriptors, _, _ = socket.recv_fds(connection, 1, _DESCRIPTORS)
            with connection.makefile("r") as lines:
                request = json.loads(lines.readline())
            refusal = self._refusal(request) if request else {}  # else whether there is a host, is all that is asked
            if refusal is not None:
                _say(connection, refusal)
                return False
            if self._look_after(request):
                return True
            self._remember(request)
            if not descriptors:  # it hands them to a host only that answers
                _say(connection, {"ready": True})
                _, descriptors, _, _ = socket.recv_fds(connection, 1, _DESCRIPTORS)
            return self._fork(connection, request, descriptors)
        except (OSError, ValueError):  # who asked has gone, or is nobody who knows how to ask
            return False
        finally:
            for descriptor in descriptors:  # the fork has them where they belong
                os.close(descriptor)

    def _refusal(self, request: dict[str, Any]) -> dict[str, Any] | None:
        changed = self._loaded.what_changed(request["env"])
        if changed is not None:
            self._retire()
            return {"refused": changed, "again": True}
        shadowed = self._loaded.what_is_shadowed(request["path"])
        return {"refused": shadowed, "again": False} if shadowed is not None else None

    def _look_after(self, request: dict[str, Any]) -> bool:
        """Note where whoever asks has its runners; returns True in a fork that takes something over."""
        base = runner_directory(request["env"])
        is_new = base not in self._used
        self._used[base] = {**request, "heir": []}
        return is_new and self._take_over(base)

    def _remember(self, request: dict[str, Any]) -> None:
        """Note the secrets of what begins, and give what goes on those that it had."""
        if request.get("secrets"):
            secrets = Secrets(**request["secrets"])
            if request["goes_on"]:
                request["env"] = self._memory.fill(secrets, request["env"])
            self._memory.note(secrets, request["env"])

    def _fork(self, connection: socket.socket, request: dict[str, Any], descriptors: list[int]) -> bool:
        if not descriptors:  # whoever asked has gone
            return False
        pid = self._fork_off(request, descriptors)
        if pid == 0:
            connection.close()
            return True
        descriptor = os.pidfd_open(pid)
        try:
            _say(connection, {"pid": pid}, [descriptor])
        finally:
            os.close(descriptor)
        return False

    def _fork_inside(self, request: dict[str, Any]) -> bool:
        """Fork what nobody has asked for, in the surroundings of what was asked for; returns True in the fork."""
        try:
            folder = os.open(request["folder"], os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # it is gone
            return False
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            return self._fork_off(request, [folder, nothing, nothing, nothing]) == 0
        finally:
            os.close(folder)
            os.close(nothing)

    def _fork_off(self, request: dict[str, Any], descriptors: list[int]) -> int:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            os.close(self._woken)
            self._listener.close()
            self._children.clear()  # the variables of others are none of this fork's business
            self._used.clear()
            self._memory.clear()
            fork.become(self._loaded.as_after_loading(request), descriptors)
        else:
            self._children[pid] = _Child(request, time.monotonic())
        return pid


@dataclass(frozen=True)
class _Child:
    """A fork, and in which surroundings it runs."""

    request: dict[str, Any]
    since: float

    @property
    def has_heir(self) -> bool:
        """Whether another one is to take its place; not of one that took a place itself, and was killed at once."""
        is_heir = self.request["args"][: len(self.request["heir"])] == self.request["heir"]
        return bool(self.request["heir"]) and not (is_heir and time.monotonic() - self.since < _CRASH_LOOP)

    def heir(self, pid: int) -> list[str]:
        """Return the arguments of the one that takes its place."""
        return [*self.request["heir"], str(pid)]


def _say(connection: socket.socket, answer: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
    socket.send_fds(connection, [b"\n"], list(descriptors))
    connection.sendall(json.dumps(answer).encode() + b"\n")


# -- what has been loaded, and whether it is still what would be loaded ---------------------------------------------------


@dataclass(frozen=True)
class _Loaded:
    variables: dict[str, str | None]
    written: dict[str, str]
    versions: dict[str, tuple[int, int]]
    path: tuple[str, ...]
    listings: dict[str, frozenset[str]]
    names: frozenset[str]

    @classmethod
    def record(cls, load: Sequence[Callable[[], None]]) -> _Loaded:
        """Load, and note by what another process could tell that it would load something else."""
        before, path = dict(os.environ), tuple(sys.path)
        read = _record_reads(load)
        if threading.active_count() > 1:
            raise RuntimeError("what was loaded has started a thread, which a fork would lack")
        modules = {name: getattr(module, "__file__", None) for name, module in sys.modules.copy().items()}
        return cls(
            {name: before.get(name) for name in read - _FOLLOWED},
            {name: value for name, value in os.environ.items() if before.get(name) != value},
            {file: _version(file) for file in modules.values() if file is not None},
            path,
            {entry: _listing(entry) for entry in sys.path},
            frozenset(name.partition(".")[0] for name in modules),
        )

    def as_after_loading(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a request with the variables and the import path that its process would have once it had loaded."""
        added = [entry for entry in self.listings if entry not in self.path and entry not in request["path"]]
        return {**request, "env": {**request["env"], **self.written}, "path": [*request["path"], *added]}

    def what_changed(self, env: dict[str, str]) -> str | None:
        """Say why a process with these variables would have loaded something else by now; None where it would not."""
        for name, value in self.variables.items():
            if env.get(name) != value:
                return f"{name} has another value"
        for file, version in self.versions.items():
            if _version(file) != version:
                return f"{file} has changed"
        for entry, listing in self.listings.items():
            if _listing(entry) != listing:
                return f"something was installed in {entry}, or removed"
        return None

    def what_is_shadowed(self, path: Sequence[str]) -> str | None:
        """Say why a process with this import path would have loaded something else; None where it would not."""
        own, further = iter(self.path), set()
        expected = next(own, None)
        for entry in path:
            if expected is None:
                break  # nothing that comes after all entries of the host can shadow what it has loaded
            if entry == expected:
                expected = next(own, None)
            else:
                further.add(entry)
        if expected is not None:
            return f"its import path lacks {expected}, or has it elsewhere"
        for entry in sorted(further):
            found = self.names & _modules_in(entry)
            if found:
                return f"{entry} has a module named {min(found)}"
        return None


def _record_reads(load: Sequence[Callable[[], None]]) -> set[str]:
    """Return the names of the variables that were looked up meanwhile; looking through all counts as looking each up."""
    read: set[str] = set()
    plain = type(os.environ)

    class Recording(plain):  # type: ignore[valid-type, misc]
        def __getitem__(self, name: str) -> str:
            read.add(name)
            return str(super().__getitem__(name))

    os.environ.__class__ = Recording
    try:
        for each in load:
            each()
    finally:
        os.environ.__class__ = plain
    return read


def _version(file: str) -> tuple[int, int]:
    try:
        found = Path(file).stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _listing(entry: str) -> frozenset[str]:
    """Return what can be imported from an entry of the import path, or tells what is installed there."""
    try:
        names = os.listdir(entry)  # noqa: PTH208 - much faster than a Path, and names are all that is needed
    except OSError:
        return frozenset()
    return frozenset(name for name in names if name.endswith(_TELLING) or _is_package(entry, name))


def _is_package(entry: str, name: str) -> bool:
    return name.isidentifier() and os.path.isfile(f"{entry}/{name}/__init__.py")  # noqa: PTH113


def _modules_in(entry: str) -> set[str]:
    return {name.partition(".")[0] for name in _listing(entry)}
