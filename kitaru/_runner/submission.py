"""Submitting in a runner: what a process asks for that has not loaded ZenML, and the runner's own part of it.

The runner imports the flow's module, creates the execution, answers with its id, and goes on to run it. As long as it has
created nothing it may decline, and the process that asks does it all itself.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kitaru._core.code import loading
from kitaru._core.code.modules import MAIN
from kitaru._core.process import crash_points, files
from kitaru._core.process.processes import identify, this_process
from kitaru._host import messages
from kitaru._runner.claiming import claim
from kitaru._runner.once import start_once

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.code.modules import ModuleRef
    from kitaru._core.identity.submission_key import SubmissionKey
    from kitaru._core.process.surroundings import Surroundings


@dataclass(frozen=True)
class Order:
    """What a process asks a runner to submit.

    Attributes:
        module: The flow's module, as the runner imports it.
        entry: The attribute of it that ZenML calls.
        source_root: Where that process would have ZenML look for modules, unless ZenML is told otherwise.
        run_name: The run's name, by which one can find out whether there is one,
        submission: and what tells that it is this one's.
        given: The bound arguments by parameter, and the settings, pickled: the module has to be imported before.
        surroundings: What that process has around it, its arguments among it, at which the module may look as it is
            imported; as it is before the module is, for whoever lets the execution go on.
        key: What tells the order for which the execution is started, where there is something.
    """

    module: ModuleRef
    entry: str
    source_root: str
    run_name: str
    submission: str
    given: bytes
    surroundings: Surroundings
    key: SubmissionKey | None


@dataclass(frozen=True)
class Begun:
    """The runner has got the order."""

    runner: dict[str, Any]


@dataclass(frozen=True)
class Submitted:
    """There is an execution, and its runner is at work."""

    exec_id: str


@dataclass(frozen=True)
class Declined:
    """Nothing has been created."""

    why: str


@dataclass(frozen=True)
class Failed:
    """The execution was created, and could not be started."""

    error: BaseException


class _DeclinedError(Exception):
    pass


def submit(asker: socket.socket, stderr: int, directory: Path) -> Path | None:
    """Create the execution that is asked for, and claim it for this process.

    Args:
        asker: The connection to the process that asks.
        stderr: Where that process shows what goes wrong.
        directory: The first name of the runner's directory.

    Returns:
        Its directory; None where there is no execution, or no process that would want it.
    """
    with asker, contextlib.suppress(OSError, EOFError):
        order: Order = messages.receive(asker)
        messages.send(asker, Begun(this_process()))
        return _Submission(order, directory).answer(asker, stderr)
    return None


class _Submission:
    def __init__(self, order: Order, directory: Path) -> None:
        self._order = order
        self._directory = directory
        self._created = False
        self._is_claimed = False

    def answer(self, asker: socket.socket, stderr: int) -> Path | None:
        """Submit, tell how that ended, and return the directory of the execution that is to be run here."""
        answer: Submitted | Failed | Declined
        try:
            flow = self._load()
            values, settings = _Values(io.BytesIO(self._order.given), self._order.module).load()
            crash_points.reach("submitter, asked")
            if not _is_there(asker):
                return None
            with _shown(stderr):
                answer = Submitted(self._submit(flow, values, settings))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the process that asks meets it as well, or is told
            answer = Failed(_described(error)) if self._created else Declined(f"{type(error).__name__}: {error}")
        with contextlib.suppress(OSError):  # it has gone meanwhile, and what it has started goes on
            messages.send(asker, answer)
        return self._directory if self._is_claimed else None

    def _load(self) -> FlowDefinition[..., Any]:
        from kitaru._zenml.door import source_root
        from kitaru._zenml.running import flow_loading

        module = self._order.module
        sys.argv[:] = self._order.surroundings.arguments(os.environ)
        if source_root.is_undecided():
            source_root.use_source_root(self._order.source_root)
        with loading.submitting():
            flow_loading.import_module(module.name, module.file)
        entry = getattr(sys.modules[module.name], self._order.entry, None)
        if entry is None:
            raise _DeclinedError("its flow is not in the module")
        flow: FlowDefinition[..., Any] = entry.definition
        return flow

    def _submit(self, flow: FlowDefinition[..., Any], values: Any, settings: Any) -> str:
        from kitaru._zenml.stacks import stacks
        from kitaru._zenml.submitting import submit

        stack = stacks.find_stack(settings)
        if not stacks.runs_in_client(stack):
            raise _DeclinedError("another orchestrator runs it")
        order = self._order
        identity = submit.Identity(order.module, order.run_name, order.submission, self._note_created, order.key)
        begin = partial(
            submit.submit, flow, values, settings, stack, runner="process", launch=self._launch, identity=identity
        )
        return start_once(order.key, begin, _decline_unstarted)

    def _note_created(self, _exec_id: str) -> None:
        self._created = True

    def _launch(self, exec_id: str, job: dict[str, Any]) -> None:
        processes = [identify(os.getppid()), this_process()]
        self._directory = claim(self._directory, exec_id, job, processes, hosted=True, keep=self._order.surroundings)
        files.tell_supervisor(str(self._directory))
        self._is_claimed = True


def _decline_unstarted(_exec_id: str) -> None:
    raise _DeclinedError("its execution never got a runner: the process that asks starts one")


class _Values(pickle.Unpickler):
    """Reads what the program has handed over; what its script defines, this process has under the module's name."""

    def __init__(self, file: io.BytesIO, module: ModuleRef) -> None:
        super().__init__(file)
        self._module = module

    def find_class(self, module: str, name: str) -> Any:
        """Return a class, or a function, by its name."""
        if module in MAIN:
            if self._module.file is None:
                raise _DeclinedError(f"{name} is defined in a script that is not the flow's module")
            module = self._module.name
        return super().find_class(module, name)


def _is_there(asker: socket.socket) -> bool:
    """Whether the process that asks still waits for the answer."""
    asker.setblocking(False)
    try:
        return asker.recv(1) != b""
    except BlockingIOError:
        return True
    finally:
        asker.setblocking(True)


@contextmanager
def _shown(stderr: int) -> Iterator[None]:
    """Show what submitting has to say where the process that asks shows it."""
    sys.stderr.flush()
    own = os.dup(2)
    os.dup2(stderr, 2)
    os.close(stderr)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(own, 2)
        os.close(own)


def _described(error: BaseException) -> BaseException:
    from kitaru.errors import KitaruBackendError

    return error if messages.portable(error) else KitaruBackendError(f"{type(error).__name__}: {error}")
