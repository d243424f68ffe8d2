"""The workers of one execution, as its runner sees them."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.settings.environment import cancel_grace
from kitaru._core.values.exceptions import received
from kitaru._core.words.tracebacks import give_recorded_traceback
from kitaru._workers import messages
from kitaru._workers.memory import amount
from kitaru._workers.zygotes import Zygote
from kitaru.errors import KitaruMemoryError, KitaruProcessError, KitaruTimeoutError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kitaru._workers.messages import Order

# How often is looked whether a worker that was told to end has done so, in seconds.
_LOOK: Final = 0.5


@dataclass
class Ending:
    """Ends a call from another thread."""

    is_wanted: threading.Event = field(default_factory=threading.Event)
    _wake: list[Callable[[], None]] = field(default_factory=list)

    def want(self) -> None:
        """End it."""
        self.is_wanted.set()
        for wake in tuple(self._wake):
            wake()

    def tell(self, wake: Callable[[], None]) -> None:
        """Call this when the call is to end; at once where it already is."""
        self._wake.append(wake)
        if self.is_wanted.is_set():
            wake()


@dataclass(frozen=True)
class Hearing:
    """What hears what a worker says while it runs a call.

    Attributes:
        text: Given the name of a stream and text printed to it.
        record: Given what a record of ``logging`` has.
        ask: Given the name of an action and its arguments; returns the answer.
        output: Where programs and C code write to; None leaves them to the runner's own output.
    """

    text: Callable[[str, str], object]
    record: Callable[[Mapping[str, Any]], object]
    ask: Callable[..., Any]
    output: int | None


@dataclass(frozen=True)
class Returned:
    """What a function has returned.

    Attributes:
        value: The value, pickled.
        outputs: The metadata and tags that it has given its outputs, by name.
    """

    value: bytes
    outputs: Mapping[str, tuple[Any, Any]]


class Workers:
    """Runs calls in processes of their own, so many at once."""

    def __init__(self, exec_id: str, places: int) -> None:
        """Start none yet.

        Args:
            exec_id: The execution.
            places: How many run at once.
        """
        self._exec_id = exec_id
        self._places = places
        self._idle: list[_Worker] = []
        self._zygote: Zygote | None = None
        self._is_closed = False
        self._changed = threading.Condition()
        self._starting = threading.Lock()

    def run(self, order: Order, hearing: Hearing, *, seconds: float | None, ending: Ending) -> Returned:
        """Run a call as soon as there is a place.

        Args:
            order: The call.
            hearing: Hears what it says meanwhile.
            seconds: How long it may take; None for as long as it takes.
            ending: Ends it.

        Raises:
            KitaruTimeoutError: It has taken longer.
            KitaruProcessError: Its process has ended before.
            Exception: What it has raised.
        """
        worker = self._take(order, ending)
        is_usable = False
        try:
            returned = worker.run(order, hearing, seconds=seconds, ending=ending)
            is_usable = True
        except _RaisedThere as raised:
            is_usable = raised.is_usable
            raise raised.error from None
        finally:
            # Of one that has had a limit of memory nobody else is to have what is left of it.
            self._give_back(worker, is_usable=is_usable and order.max_memory is None)
        return returned

    def close(self) -> None:
        """End all workers."""
        with self._changed:
            self._is_closed = True
            zygote, self._zygote = self._zygote, None
            self._idle.clear()
            self._changed.notify_all()
        if zygote is not None:
            zygote.close()

    def _take(self, order: Order, ending: Ending) -> _Worker:
        ending.tell(self._wake)
        with self._changed:
            while not self._places and not ending.is_wanted.is_set() and not self._is_closed:
                self._changed.wait()
            if ending.is_wanted.is_set() or self._is_closed:
                raise _given_up(order)
            self._places -= 1
            worker = self._living_idle() if order.max_memory is None else None
        try:
            return worker or self._started(order)
        except BaseException:
            self._give_back(None, is_usable=False)
            raise

    def _living_idle(self) -> _Worker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            worker.kill()
        return None

    def _started(self, order: Order) -> _Worker:
        zygote = self._living_zygote(order)
        try:
            return _Worker(zygote)
        except KitaruProcessError:
            other = self._living_zygote(order)
            if other is zygote:
                raise
            return _Worker(other)  # it was just being lost

    def _living_zygote(self, order: Order) -> Zygote:
        with self._starting:  # which may take as long as its import: what ends calls does not wait for that
            zygote = self._zygote
            if zygote is None or not zygote.is_alive():
                zygote = Zygote(order.module, self._exec_id, order.level)
                with self._changed:
                    self._zygote = zygote
                    is_closed = self._is_closed
                if is_closed:
                    zygote.close()
                    raise _given_up(order)
            return zygote

    def _give_back(self, worker: _Worker | None, *, is_usable: bool) -> None:
        with self._changed:
            self._places += 1
            is_usable = is_usable and not self._is_closed
            if is_usable and worker is not None:
                self._idle.append(worker)
            self._changed.notify_all()  # the first to wake may be one that is to end
        if not is_usable and worker is not None:
            worker.kill()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _GoneError(Exception):
    """The other end of the connection has gone."""


@contextlib.contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise _GoneError from error


class _RaisedThere(Exception):  # noqa: N818 - it carries one
    def __init__(self, error: BaseException, *, is_usable: bool) -> None:
        super().__init__()
        self.error = error
        self.is_usable = is_usable


class _Worker:
    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        ours, theirs = socket.socketpair()
        self._status, status = os.pipe()
        try:
            zygote.fork(theirs.fileno(), status)
        finally:
            theirs.close()
            os.close(status)
        self._socket = ours
        self._connection = Connection(os.dup(ours.fileno()))
        try:
            self._pid: int = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - its fork's
        except (EOFError, OSError) as error:
            raise KitaruProcessError(
                f"A process for a checkpoint could not be started: {self._how_it_ended()}."
            ) from error

    @property
    def is_alive(self) -> bool:
        return not wait([self._status], 0)

    def run(self, order: Order, hearing: Hearing, *, seconds: float | None, ending: Ending) -> Returned:
        end = _Ending(self, seconds)
        ending.tell(end.begin)
        try:
            self._send(order, hearing)
            answer = self._hear(end, hearing)
        except _GoneError:
            if end.is_over_time:
                raise _over_time(order.name, seconds) from None
            raise _lost(order, self._how_it_ended()) from None
        except BaseException:  # this runner is to end, or cannot print: until then it may clean up
            end.begin()
            with contextlib.suppress(_GoneError):
                self._hear(end, None)
            raise
        finally:
            end.close()
        if end.is_over_time:
            raise _over_time(order.name, seconds)
        return _returned(order, answer)

    def signal(self, command: bytes) -> None:
        self._zygote.tell(command, self._pid)

    def kill(self) -> None:
        """End it, and forget it."""
        self.signal(messages.KILL)
        self._connection.close()
        self._socket.close()
        os.close(self._status)

    def _send(self, order: Order, hearing: Hearing) -> None:
        with _gone():
            socket.send_fds(self._socket, [b"."], [] if hearing.output is None else [hearing.output])
            self._connection.send_bytes(pickle.dumps(order))

    def _hear(self, end: _Ending, hearing: Hearing | None) -> Any:
        """Hear what it says until its call has ended, and return how; nobody is told of what it says where nobody hears."""
        while True:
            end.look()  # also where it says something all the time
            with _gone():
                if not self._says_something(end.patience()):
                    continue
                kind, *message = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - the worker's
            if kind in messages.ENDS:
                return kind, message
            if kind == messages.BEGUN:
                end.start()
            elif hearing is not None:
                self._take(kind, message, hearing)

    def _says_something(self, seconds: float) -> bool:
        ready = wait([self._connection, self._status], seconds)
        if self._connection not in ready and ready:  # what it has started may hold its end of the connection
            raise EOFError
        return bool(ready)

    def _take(self, kind: str, message: list[Any], hearing: Hearing) -> None:
        if kind == messages.TEXT:
            hearing.text(*message)
        elif kind == messages.RECORD:
            hearing.record(*message)
        else:
            answer = _answer(hearing, *message)
            with _gone():
                self._connection.send_bytes(answer)

    def _how_it_ended(self) -> str:
        if not wait([self._status], _LOOK):  # it has only closed the connection
            self.signal(messages.KILL)
        data = os.read(self._status, messages.STATUS.size)
        if not data:
            return "it ended with the process that it was forked from"
        code = os.waitstatus_to_exitcode(messages.STATUS.unpack(data)[0])
        if code >= 0:
            return f"it ended itself, with exit code {code}"
        name = signal.Signals(-code).name if -code in signal.valid_signals() else "unknown"
        return f"it was killed by signal {-code} ({name})"


class _Ending:
    """How a worker is ended in the middle of a call: politely first."""

    def __init__(self, worker: _Worker, seconds: float | None) -> None:
        self._worker = worker
        self._seconds = seconds
        self._deadline: float | None = None
        self._kill_at: float | None = None
        self._is_closed = False
        self._lock = threading.Lock()
        self.is_over_time = False

    def start(self) -> None:
        """Note that the function has begun."""
        if self._seconds is not None:
            self._deadline = time.monotonic() + self._seconds

    def begin(self) -> None:
        """Have it end; from any thread."""
        with self._lock:
            if self._kill_at is None and not self._is_closed:
                self._kill_at = time.monotonic() + cancel_grace()
                self._worker.signal(messages.END)

    def close(self) -> None:
        """Note that the call has ended."""
        with self._lock:
            self._is_closed = True

    def patience(self) -> float:
        """Return for how many seconds nothing is to be done about it."""
        limits = [limit for limit in (self._deadline, self._kill_at) if limit is not None]
        left = max(min(limits) - time.monotonic(), 0) if limits else _LOOK
        return min(left, _LOOK)

    def look(self) -> None:
        """Do what is to be done about it now."""
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self.is_over_time = True
            self.begin()
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = now + cancel_grace()
            self._worker.signal(messages.KILL)


def _answer(hearing: Hearing, action: str, data: bytes) -> bytes:
    """Do what a worker asks for, and return what it is told of that."""
    try:
        args, options = pickle.loads(data)  # noqa: S301 - the worker's
        return pickle.dumps((True, pickle.dumps(hearing.ask(action, *args, **options))))
    except Exception as error:  # noqa: BLE001 - it is raised in the worker
        try:
            return pickle.dumps((False, pickle.dumps(error)))
        except Exception:  # noqa: BLE001 - classes may do anything while they are pickled
            return pickle.dumps((False, pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))))


def _returned(order: Order, answer: tuple[str, list[Any]]) -> Returned:
    kind, message = answer
    if kind == messages.RETURNED:
        value, outputs = message
        return Returned(value, pickle.loads(outputs))  # noqa: S301 - the worker's
    if kind == messages.REFUSED:
        error: BaseException = KitaruUsageError(
            f'Checkpoint {order.name!r} has runtime="process". {message[0]} Use plain data, or runtime="inline", where '
            f"values stay in the flow's process and ZenML's materializers are enough."
        )
        raise _RaisedThere(error, is_usable=True)
    data, text = message
    error = received(pickle.loads(data))  # noqa: S301 - the worker's
    if kind == messages.NO_MEMORY and order.max_memory:
        detail = f" ({error})" if str(error) else ""
        error = KitaruMemoryError(
            f"Checkpoint {order.name!r} needed more than its max_memory of {amount(order.max_memory)}{detail}. Its process was "
            f"ended; no other call is touched. Give it more, or less to do."
        )
    give_recorded_traceback(error, text)
    raise _RaisedThere(error, is_usable=kind == messages.RAISED and isinstance(error, Exception))


def _given_up(order: Order) -> KitaruProcessError:
    return KitaruProcessError(f"Checkpoint {order.name!r} was given up before it had a process.")


def _lost(order: Order, how: str) -> KitaruProcessError:
    limit = f" Its max_memory is {amount(order.max_memory)}: it may have run into that." if order.max_memory else ""
    system = "" if limit or "SIGKILL" not in how else " The system does that to processes when memory runs out."
    return KitaruProcessError(
        f"The process of checkpoint {order.name!r} was lost: {how}.{limit}{system} What it put out last stands in the log of the "
        f"checkpoint."
    )


def _over_time(name: str, seconds: float | None) -> KitaruTimeoutError:
    return KitaruTimeoutError(
        f"Checkpoint {name!r} has taken longer than its time limit of {seconds:g} s, and its process was ended."
    )
