"""Reading the store in a fork of the host, for a process that has not loaded ZenML and then need not.

What cannot be told from there as it is, is read here after all: a value whose class only this process can import, an
exception with a cause. Nothing is changed by reading, so that it may well be done twice.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, cast

from kitaru._core.code.modules import import_path
from kitaru._core.identity.plain_values import is_plain
from kitaru._core.process import patience
from kitaru._core.process.places import START
from kitaru._core.settings.environment import host_enabled
from kitaru._host import address, client, messages
from kitaru._host.client import Beginning, HostedProcess, Request
from kitaru.errors import KitaruBackendError, KitaruError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru._core.drawing.execution import Execution
    from kitaru._core.drawing.live_state import Following, Step, Summary
    from kitaru._core.process.event import Event
    from kitaru._core.records.executions import Artifact, ExecutionSummary, PendingWait
    from kitaru._core.records.status import ExecutionStatus

_EXECUTIONS: Final = "kitaru._zenml.reading.executions"
_RUNS: Final = "kitaru._zenml.records.runs"
_ARTIFACTS: Final = "kitaru._zenml.reading.artifacts"


def read_status(exec_id: str) -> ExecutionStatus:
    """Return the present state of an execution; errors as ``kitaru._zenml.records.runs.find_run``."""
    return cast("ExecutionStatus", _read(_RUNS, "read_status", exec_id))


def read_execution(exec_id: str) -> Execution:
    """Return an execution with everything about it; errors as ``kitaru._zenml.reading.executions.read_execution``."""
    return cast("Execution", _read(_EXECUTIONS, "read_execution", exec_id))


def find_id(exec_id: str) -> str:
    """Return the full id of an execution; errors as ``kitaru._zenml.records.runs.find_run``."""
    return str(_read(_RUNS, "find_run_id", exec_id))


def list_executions(**filters: Any) -> list[ExecutionSummary]:
    """Return executions, the latest first; takes what ``kitaru._zenml.records.runs.list_executions`` does."""
    return cast("list[ExecutionSummary]", _read(_RUNS, "list_executions", **filters))


def read_artifacts(exec_id: str) -> list[Artifact]:
    """Return the stored values of an execution; errors as ``kitaru._zenml.reading.executions.read_artifacts``."""
    return cast("list[Artifact]", _read(_EXECUTIONS, "read_artifacts", exec_id))


def get_artifact(artifact_id: str) -> Artifact:
    """Return an artifact by its id; errors as ``kitaru._zenml.reading.artifacts.get_artifact``."""
    return cast("Artifact", _read(_ARTIFACTS, "get_artifact", artifact_id))


def read_pending_waits(exec_id: str) -> dict[str, PendingWait]:
    """Return the open question of an execution, by its id."""
    return cast("dict[str, PendingWait]", _read(_EXECUTIONS, "read_pending_waits", exec_id))


def read_result(exec_id: str) -> Any:
    """Return the value of a completed execution; errors as ``kitaru._zenml.reading.executions.read_result``."""
    return _read(_EXECUTIONS, "read_result", exec_id)


def follow(exec_id: str) -> Following:
    """Return what reads, again and again, what is new of an execution.

    Args:
        exec_id: The execution's full id.
    """
    reader = _reader()
    if reader is not None:
        with contextlib.suppress(_NotFromThereError):
            return _Followed(reader, exec_id)
    return _follow_here(exec_id)


class _NotFromThereError(Exception):
    """This process has to read it itself."""

    def __init__(self, told: tuple[str, str] | None = None) -> None:
        """Begin it.

        Args:
            told: What was raised there, by the name of its class and its message.
        """
        super().__init__(told)
        self.told = told


def _read(module: str, function: str, *args: Any, **options: Any) -> Any:
    reader, told = _reader(), None
    if reader is not None:
        try:
            return reader.ask(_CALL, module, function, args, options)
        except _NotFromThereError as error:
            told = error.told
    try:
        return getattr(importlib.import_module(module), function)(*args, **options)
    except KitaruBackendError as error:
        if told is None or type(error) is not KitaruBackendError or told[0] != KitaruBackendError.__name__:
            raise
        # The same, as the reader has met it: this process fails earlier, as it opens the store.
        raise KitaruBackendError(told[1]) from error.__cause__


def _follow_here(exec_id: str) -> Following:
    from kitaru._zenml.reading import following

    return following.Follower(exec_id)


class _Followed:
    """An execution that a reader follows; where the reader is lost, this process goes on with it."""

    def __init__(self, reader: _Reader, exec_id: str) -> None:
        self._reader: _Reader | None = reader
        self._here: Following | None = None
        self._seen = 0
        self.exec_id: str
        self._number, self.exec_id, self.runner, self.replays = reader.ask(_FOLLOW, exec_id)

    def new(self, *, final: bool) -> list[str | Event]:
        items: list[str | Event] = self._ask("new", final=final)
        self._seen += len(items)
        return items

    @property
    def has_file(self) -> bool:
        return bool(self._ask("has_file"))

    def summary(self) -> Summary:
        return cast("Summary", self._ask("summary"))

    def steps(self) -> list[Step]:
        return cast("list[Step]", self._ask("steps"))

    def said(self) -> dict[str, str]:
        return cast("dict[str, str]", self._ask("said"))

    def error(self, name: str) -> str | None:
        return cast("str | None", self._ask("error", name))

    def _ask(self, what: str, *args: Any, **options: Any) -> Any:
        if self._reader is not None:
            try:
                return self._reader.ask(_GO_ON, self._number, what, args, options)
            except _NotFromThereError:
                self._reader = None
        if self._here is None:
            self._here = _follow_here(self.exec_id)
            skipped = self._here.new(final=options.get("final", False))[self._seen :]
            if what == "new":
                return skipped
        member = getattr(self._here, what)
        return member(*args, **options) if callable(member) else member


# -- this process's end ---------------------------------------------------------------------------------------------------

_CALL: Final = "call"
_FOLLOW: Final = "follow"
_GO_ON: Final = "go on"
_current: list[_Reader | None] = [None]
_choosing = threading.Lock()


class _Reader:
    """A fork of the host that reads for this process, in the surroundings that this one has."""

    def __init__(self, connection: socket.socket, process: HostedProcess, surroundings: tuple[Any, ...]) -> None:
        self.surroundings = surroundings
        self._connection = connection
        self._process = process
        self._asking = threading.Lock()
        self.is_lost = False

    def ask(self, question: str, *details: Any) -> Any:
        with self._asking:
            if self.is_lost:
                raise _NotFromThereError
            try:
                messages.send(self._connection, (question, patience.in_a_hurry, *details))
                answer, told = messages.receive(self._connection)
            except (OSError, EOFError):
                self._lose()
                raise _NotFromThereError from None
            except (
                BaseException
            ):  # Ctrl-C: the answer is still to come, and would be taken for that of the next question
                self._lose()
                raise
        if answer == "raised":
            raise told
        if answer != "returned":
            raise _NotFromThereError(told)
        return told

    def _lose(self) -> None:
        self.is_lost = True
        self._connection.close()


def _reader() -> _Reader | None:
    """Return this process's reader; None where this process has loaded ZenML, or there can be no reader."""
    with _choosing:
        if "zenml" in sys.modules or not host_enabled() or not client.is_possible():
            return None
        try:
            surroundings = (os.getpid(), dict(os.environ), os.getcwd(), tuple(sys.path))  # noqa: PTH109
            known = _current[0]
            if known is None or known.is_lost or known.surroundings != surroundings:
                _current[0] = _start(surroundings)
        except OSError:
            return None
        return _current[0]


def _start(surroundings: tuple[Any, ...]) -> _Reader | None:
    ours, theirs = socket.socketpair()
    with theirs, open(os.devnull, "rb") as nothing:  # noqa: PTH123
        streams = (nothing.fileno(), 1, 2, theirs.fileno())
        process = Request(START, ["reader"], streams, beginning=Beginning(path=import_path()), waits=True).result()
    if process is None:
        ours.close()
        return None
    return _Reader(ours, process, surroundings)


# -- the fork's end -------------------------------------------------------------------------------------------------------


def be() -> None:
    """Be the reader of the process that has asked for it, until that process ends; called in the fork."""
    connection = socket.socket(fileno=int(sys.argv.pop()))
    gc.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is waited for, the process that waits decides
    _import_nothing_of_the_users()
    followed: list[Following] = []
    with contextlib.suppress(OSError, EOFError):
        while True:
            question, patience.in_a_hurry, *details = messages.receive(connection)
            _answer(connection, lambda: _ANSWERS[question](followed, *details))  # noqa: B023 - called at once
    os._exit(0)  # it has changed nothing, and there is nobody to tell


def _import_nothing_of_the_users() -> None:
    """Leave what a project defines to the process that has it loaded, lest its modules be imported, and run, once more."""
    from kitaru._zenml.door import source_root

    sys.path[:] = [entry for entry in sys.path if entry.startswith((sys.prefix, sys.base_prefix))]
    source_root.use_source_root(str(address.folder()))  # ZenML puts it on the import path; there is no module in it


def _answer(connection: socket.socket, work: Callable[[], Any]) -> None:
    try:
        answer: tuple[str, Any] = ("returned", work())
    except KitaruError as error:
        described = type(error).__name__, str(error)
        answer = ("raised", error) if messages.portable(error) else ("failed", described)
    except Exception:  # noqa: BLE001 - whatever it is, the process that asks meets it itself
        answer = ("failed", None)
    try:
        messages.send(connection, answer)
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - it cannot be pickled
        messages.send(connection, ("failed", None))


def _called(_: list[Following], module: str, function: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    call = getattr(importlib.import_module(module), function)
    return _plain(call, *args) if function == read_result.__name__ else call(*args, **options)


def _plain(load: Callable[..., Any], *args: Any) -> Any:
    """Load a value, unless it is of a class that only the process that asks may import, or that a pickle may change."""
    from kitaru._zenml.door import store

    with store.quieted(logging.CRITICAL + 1):  # it tells of classes that cannot be imported
        value = load(*args)
    if not is_plain(value):
        raise _NotFromThereError
    return value


def _begun(followed: list[Following], exec_id: str) -> tuple[int, str, str | None, bool]:
    follower = _follow_here(exec_id)
    followed.append(follower)
    return len(followed) - 1, follower.exec_id, follower.runner, follower.replays


def _gone_on(followed: list[Following], number: int, what: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    member = getattr(followed[number], what)
    return member(*args, **options) if callable(member) else member


_ANSWERS: Final[dict[str, Callable[..., Any]]] = {_CALL: _called, _FOLLOW: _begun, _GO_ON: _gone_on}
