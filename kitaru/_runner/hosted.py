"""Having a fork of the host submit a flow, so that this process need not load ZenML for it."""

from __future__ import annotations

import contextlib
import inspect
import os
import pickle
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from kitaru._core.code.modules import script_directory
from kitaru._core.process import files
from kitaru._core.process.places import START, runner_directory
from kitaru._core.process.processes import identify, is_running, is_stopped
from kitaru._core.settings.environment import host_enabled
from kitaru._core.values.contents import by_path
from kitaru._host import client, messages
from kitaru._host.client import Request
from kitaru._runner.submission import Begun, Declined, Failed, Order, Submitted
from kitaru._runner.supervisor import heir_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.code.modules import ModuleRef
    from kitaru._core.identity.submission_key import SubmissionKey
    from kitaru._core.settings.settings import ResolvedSettings
    from kitaru._runner.restoring import Place

# How often is looked whether the runner is alive, and how long it may be stopped before it is given up; in seconds.
_LOOK: Final = 1.0
_PATIENCE: Final = 10.0


def start(
    flow: FlowDefinition[..., Any],
    values: Mapping[str, Any],
    settings: ResolvedSettings,
    module: ModuleRef,
    *,
    key: SubmissionKey | None,
    place: Place,
    take_up: Callable[[str, str], str | None],
) -> str | None:
    """Have a runner create an execution and run it; returns its id.

    Args:
        flow: The flow.
        values: Its bound arguments by parameter.
        settings: The resolved settings.
        module: How the runner finds the flow's module.
        key: What tells the order for which the execution is started, where there is something.
        place: Where the runner starts.
        take_up: Lets an execution go on whose runner was lost as it was submitted, by the name of its run and what tells
            the submission; returns its id, or None where there is none.

    Returns:
        None where nothing has been created, and this process is to do it.

    Raises:
        Exception: What submitting raises once the execution has been created.
    """
    if not host_enabled() or not client.is_possible():
        return None
    try:
        with by_path():
            given = pickle.dumps((dict(values), settings), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - classes may do anything while they are pickled; ZenML has other ways to store them
        return None
    order = Order(
        module=module,
        entry=flow.entry.__name__,
        source_root=_source_root(flow, module),
        run_name=key.run_name if key else settings.run_name(flow.name),
        submission=str(uuid4()),
        given=given,
        surroundings=place.surroundings,
        key=key,
    )
    directory = runner_directory() / f"{files.STARTING}{uuid4().hex}"
    try:
        files.make(directory)
        exec_id = _ordered(order, place, directory, take_up)
    except OSError:
        exec_id = None
    if exec_id is None:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        files.prune(runner_directory(), keep=exec_id)
    return exec_id


def _source_root(flow: FlowDefinition[..., Any], module: ModuleRef) -> str:
    own = script_directory()
    is_below = own is not None and own in Path(inspect.getfile(flow.func)).resolve().parents
    return str(own) if is_below and module.file is None else module.root


def _ordered(order: Order, place: Place, directory: Path, take_up: Callable[[str, str], str | None]) -> str | None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs, files.open_log(directory) as log, open(os.devnull, "rb") as nothing:  # noqa: PTH123
            streams = (nothing.fileno(), log.fileno(), log.fileno(), theirs.fileno(), 2)
            args, heir = ["supervisor", str(directory)], heir_in(directory.parent)
            request = Request(START, args, streams, beginning=place.beginning(), waits=True, heir=heir)
            supervisor = request.result()
        if supervisor is None:
            return None
        answer = _Answer(ours, order, supervisor.pid).wait()
    if isinstance(answer, Submitted):
        return answer.exec_id
    if isinstance(answer, Failed):
        raise answer.error
    return None if isinstance(answer, Declined) else take_up(order.run_name, order.submission)


class _Answer:
    """What becomes of an order."""

    def __init__(self, connection: socket.socket, order: Order, supervisor: int) -> None:
        self._connection = connection
        self._order = order
        self._runner: dict[str, Any] = identify(supervisor)  # until the worker says that it has begun
        self._stopped_since: float | None = None

    def wait(self) -> Submitted | Declined | Failed | None:
        """Wait for the answer; None where the runner is gone, and may have created the execution."""
        self._connection.settimeout(_LOOK)
        with contextlib.suppress(OSError, EOFError):
            messages.send(self._connection, self._order)
            while True:
                try:
                    answer = messages.receive(self._connection)
                except TimeoutError:
                    if self._is_given_up():
                        break
                    continue
                if not isinstance(answer, Begun):
                    return answer  # type: ignore[no-any-return]
                self._runner = answer.runner
        return None

    def _is_given_up(self) -> bool:
        """Whether the runner is gone, though another process may hold the connection, or was stopped: then it is killed."""
        if not is_running(self._runner):
            return True
        if not is_stopped(self._runner):
            self._stopped_since = None
            return False
        self._stopped_since = self._stopped_since or time.monotonic()
        if time.monotonic() - self._stopped_since < _PATIENCE:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._runner["pid"], signal.SIGKILL)
        return True
