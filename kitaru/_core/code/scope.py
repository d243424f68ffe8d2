"""Where the running code is: in a flow's body, in a checkpoint, or in neither.

The scope travels in context variables, so that it follows asyncio tasks and the threads that Kitaru starts.
A thread that the user starts begins outside of every flow, as Python's threads do.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from kitaru.errors import KitaruContextError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future


class FlowBody(Protocol):
    """What a checkpoint needs of the execution that it is called in; implemented over ZenML.

    Checkpoints are of type Any here: this room knows nothing of the public one.
    """

    exec_id: str
    replay_of: str | None
    workers: Any
    over: Future[None]

    def call(self, checkpoint: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a checkpoint and return its value (or, in async code, something to await)."""

    def submit(self, checkpoint: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Start a checkpoint and return its future."""

    def expect(self, checkpoint: Any, number: int) -> None:
        """Take how many calls of a checkpoint are about to be submitted."""

    def scope(self, base: str, *, key: str | None, run: object) -> Any:
        """Return the scope of calls that belong together."""

    def was_started(self, stem: str, key: str) -> bool:
        """Return whether an earlier attempt has begun a call that a key tells apart."""

    def ask(self, schema: Any, *, name: str, question: str | None, timeout: float, metadata: dict[str, Any]) -> Any:
        """Wait for an answer and return it (or, in async code, something to await)."""


@dataclass(frozen=True)
class CheckpointScope:
    """The checkpoint that is running in this context."""

    name: str
    exec_id: str
    replay_of: str | None = None
    # Has the runner do what is asked for by name, where the checkpoint runs in a process of its own.
    ask: Callable[..., Any] | None = None


# What the function of a call runs in.
TASK: Final = "task"  # which can be cancelled
PROCESS: Final = "process"  # which can be killed
THREAD: Final = "thread"


class StoppedCall(Exception):  # noqa: N818 - it is no error of the call's
    """A call was stopped, as nobody waits for it any more."""


@dataclass
class Call:
    """A call on its way through ZenML's step to the entry function, and its value on the way back.

    It names the very object that was called, as the module's attribute of that name may be another one (a checkpoint
    made twice by a function), and it saves reading back from the store what has just been written to it, or what is
    held here.
    """

    checkpoint: Any
    held: Any = None
    value: Any = None
    has_value: bool = False
    cancel: Callable[[], None] | None = None  # cancels what runs in an event loop, or ends a process
    place: str = TASK  # what that is
    has_begun: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    _is_running: bool = False
    _is_left: bool = False
    _changing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_stopped(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.stopped.is_set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Mark that its function runs.

        Raises:
            StoppedCall: It has been stopped, before or meanwhile.
        """
        self.has_begun.set()
        with self._changing:
            if self.is_stopped:
                raise StoppedCall
            self._is_running = True
        try:
            yield
        finally:
            with self._changing:
                self._is_running = False
                self.cancel = None
            if self._is_left:  # as ended it stands in the record, and this thread might try it again
                threading.Event().wait()
            if self.is_stopped:
                raise StoppedCall

    def end_by(self, cancel: Callable[[], None], place: str = TASK) -> None:
        """Take what ends its function, from any thread; that is called at once where the call has been stopped.

        Args:
            cancel: What ends it.
            place: What it runs in.
        """
        self.cancel, self.place = cancel, place
        if self.is_stopped:
            cancel()

    def stop(self) -> str | None:
        """Have it end without an outcome, and return what its function runs in: TASK, PROCESS or THREAD; None if not.

        A thread cannot be stopped: it may end by itself until it is left.
        """
        with self._changing:
            if self._is_running and self.cancel is None:
                return THREAD
            self.stopped.set()
            if not self._is_running or self.cancel is None:
                return None
            self.cancel()
            return self.place

    def leave(self, note: Callable[[], object]) -> bool:
        """Leave its function running, and return whether it was: the thread that runs it will do nothing else.

        Args:
            note: Called before the function can end.
        """
        with self._changing:
            self.stopped.set()
            self._is_left = self._is_running
            if self._is_left:
                note()
            return self._is_left


_body: ContextVar[FlowBody | None] = ContextVar("kitaru_flow_body", default=None)
_checkpoint: ContextVar[CheckpointScope | None] = ContextVar("kitaru_checkpoint", default=None)
_call: ContextVar[Call | None] = ContextVar("kitaru_call", default=None)


def refuse_in_flow(call: str, instead: str = "") -> None:
    """Refuse a call that starts executions, which every new attempt of a body, or of a checkpoint, would repeat.

    Args:
        call: The call, for the message.
        instead: What else might be wanted, beside starting it elsewhere.

    Raises:
        KitaruContextError: The caller is the body of a flow, or a checkpoint.
    """
    checkpoint = current_checkpoint()
    if checkpoint is None and current_body() is None:
        return
    place = "in the body of a flow" if checkpoint is None else f"inside checkpoint {checkpoint.name!r}"
    raise KitaruContextError(
        f"{call} was called {place}. A flow starts no executions, neither in its body nor inside a checkpoint: every new "
        f"attempt would start them once more, and nothing would end them with it. Start it in the program that starts this "
        f"flow{instead}."
    )


def current_body() -> FlowBody | None:
    """Return the flow body that this code runs in, or None."""
    return _body.get()


def current_checkpoint() -> CheckpointScope | None:
    """Return the checkpoint that this code runs in, or None."""
    return _checkpoint.get()


def current_call() -> Call | None:
    """Return the call whose step ZenML is running in this context; None in a container of the step's own."""
    return _call.get()


@contextmanager
def in_body(body: FlowBody) -> Iterator[None]:
    """Mark the code inside as a flow's body."""
    token = _body.set(body)
    try:
        yield
    finally:
        _body.reset(token)


@contextmanager
def in_checkpoint(scope: CheckpointScope) -> Iterator[None]:
    """Mark the code inside as a checkpoint."""
    token = _checkpoint.set(scope)
    try:
        yield
    finally:
        _checkpoint.reset(token)


@contextmanager
def calling(call: Call) -> Iterator[None]:
    """Name the call whose entry function ZenML is about to run."""
    token = _call.set(call)
    try:
        yield
    finally:
        _call.reset(token)
