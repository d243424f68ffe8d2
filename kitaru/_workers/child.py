"""A worker: runs the functions of checkpoints, one after the other, as a runner orders it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import faulthandler
import inspect
import io
import logging
import os
import pickle
import signal
import socket
import threading
import traceback
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.code import loading, scope
from kitaru._core.code.bytecode import code_digest
from kitaru._core.code.importing import import_module
from kitaru._core.process.environments import temporarily
from kitaru._core.process.forks import reseed
from kitaru._core.values.contents import by_path
from kitaru._core.words.tracebacks import user_traceback
from kitaru._workers import memory, messages, step_context, streams
from kitaru.errors import KitaruContextError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_STREAMS: Final = (1, 2)


class _Ended(BaseException):
    """The function is to end: nobody waits for it any more, or its time is over."""


class CannotSendError(Exception):
    """What a function has returned or asked for cannot leave this process."""


def work(descriptor: int) -> None:
    """Run calls until the runner wants no more.

    Args:
        descriptor: Of the connection to it.
    """
    reseed()
    faulthandler.enable()
    _Worker(descriptor).run()
    os._exit(0)


class _Worker:
    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._connection = Connection(descriptor)
        self._sending = threading.Lock()
        self._asking = threading.Lock()
        self._own_streams = [os.dup(number) for number in _STREAMS]
        self._loop = asyncio.Runner()
        self._task: asyncio.Task[Any] | None = None
        self._is_busy = False
        self._is_spent = False
        self._order: messages.Order | None = None
        self._talks = 0
        self._is_put_off = False
        signal.signal(signal.SIGTERM, self._end)
        self._connection.send_bytes(pickle.dumps(os.getpid()))

    def run(self) -> None:
        while not self._is_spent:
            with contextlib.suppress(EOFError, OSError):  # the runner has gone
                _, descriptors, _, _ = socket.recv_fds(self._socket, 1, 1)
                self._obey(pickle.loads(self._connection.recv_bytes()), descriptors)  # noqa: S301 - the runner's
                continue
            return

    def _obey(self, order: messages.Order, descriptors: list[int]) -> None:
        logging.root.setLevel(order.level)
        for stream in _STREAMS if descriptors else ():
            os.dup2(descriptors[0], stream)
        try:
            end = self._end_of(order)
        finally:
            streams.unheard()
            for stream, own in zip(_STREAMS, self._own_streams, strict=True):
                os.dup2(own, stream)
            for descriptor in descriptors:
                os.close(descriptor)
        with self._asking:  # whoever still asks gets an answer
            self._order = None
        self._say(*end)

    def _end_of(self, order: messages.Order) -> tuple[Any, ...]:
        before = None
        try:
            before = memory.limit(order.max_memory) if order.max_memory else None
            self._is_busy = True
            value = self._call(order)
            self._is_busy = False
            outputs = _pickled(step_context.changed(), "The metadata that the function has given its outputs")
            return messages.RETURNED, _pickled(value, "What the function has returned"), outputs
        except MemoryError as error:
            self._is_spent = True
            memory.restore(before)
            return (messages.NO_MEMORY, *_raised(error))
        except CannotSendError as error:
            return messages.REFUSED, str(error)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the runner raises it
            self._is_spent |= isinstance(error, _Ended)
            memory.restore(before)
            return (messages.RAISED, *_raised(error))
        finally:
            self._is_busy = False
            memory.restore(before)

    def _call(self, order: messages.Order) -> Any:
        with loading.loading(order.exec_id):
            import_module(*order.module)
        function, digest, args, kwargs = pickle.loads(order.call)  # noqa: S301 - the runner's
        function = function.found() if isinstance(function, messages.Named) else function
        _check_code(function, digest)
        here = scope.CheckpointScope(order.name, order.exec_id, order.replay_of, partial(self._ask, order))
        self._order = order
        with scope.in_checkpoint(here), step_context.entered(order.context), temporarily(order.environment):
            self._say(messages.BEGUN)
            streams.hear(self._say)
            if inspect.iscoroutinefunction(function):
                # Of its own: the loop has kept the context of its first call.
                return self._loop.run(self._run_task(function(*args, **kwargs)), context=contextvars.copy_context())
            return function(*args, **kwargs)

    async def _run_task(self, coroutine: Any) -> Any:
        self._task = asyncio.current_task()
        try:
            return await coroutine
        finally:
            self._task = None

    def _end(self, *_: object) -> None:
        if not self._is_busy:
            os._exit(0)
        self._is_spent = True
        if self._task is not None:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)
        elif self._talks:
            self._is_put_off = True
        else:
            raise _Ended

    @contextlib.contextmanager
    def _talking(self) -> Iterator[None]:
        """Put off the end of the function: after half a message nobody would understand the next one."""
        if threading.current_thread() is not threading.main_thread():  # which alone is told of signals
            yield
            return
        self._talks += 1
        try:
            yield
        finally:
            self._talks -= 1
        if self._is_put_off and not self._talks:
            self._is_put_off = False
            raise _Ended

    def _say(self, *message: Any) -> None:
        data = pickle.dumps(message)
        # Where nobody hears it any more, this process is about to end.
        with self._talking(), self._sending, contextlib.suppress(OSError):
            self._connection.send_bytes(data)

    def _ask(self, order: messages.Order, action: str, *args: Any, **options: Any) -> Any:
        """Have the runner do something for a call, and return what it returns."""
        asked = _pickled((args, options), f"What kitaru.{action} was given")
        with self._talking(), self._asking:
            if self._order is not order:
                raise KitaruContextError(
                    f"kitaru.{action} was called by what checkpoint {order.name!r} has left running, as a task or a thread: the "
                    f"call has ended, and its process runs other ones. Wait for it before the function returns."
                )
            self._say(messages.ASK, action, asked)
            done, answer = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - the runner's
        if done:
            return pickle.loads(answer)  # noqa: S301
        raise pickle.loads(answer)  # noqa: S301


def _check_code(function: Any, digest: str) -> None:
    if code_digest(function.__code__) != digest:
        raise KitaruUsageError(
            f"The code of {function.__qualname__} was changed while its execution was running: the process that is to run "
            f"it has imported another version than the flow has. Retry the execution, which then runs the new code."
        )


def _pickled(value: Any, what: str) -> bytes:
    from kitaru._core.values.pickling import Pickler

    buffer = io.BytesIO()
    try:
        with by_path():
            Pickler(buffer).dump(value)
    except MemoryError:
        raise
    except Exception as error:
        raise CannotSendError(
            f"{what}, a value of type {type(value).__qualname__}, cannot be pickled ({type(error).__name__}: {error}), and has "
            f"to be, as the function runs in a process of its own."
        ) from error
    return buffer.getvalue()


def _raised(error: BaseException) -> tuple[bytes, str]:
    """Return an exception as the runner can raise it, and the traceback that it had here."""
    from kitaru._core.values.exceptions import portable

    text = user_traceback(error)
    try:
        data = _pickled(portable(error), "What it has raised")
    except CannotSendError:
        data = pickle.dumps(RuntimeError("".join(traceback.format_exception_only(error)).strip()))
    return data, text
