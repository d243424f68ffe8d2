"""Futures of checkpoint calls."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar, cast

from kitaru._core.code import scope
from kitaru._core.words.suggest import no_attribute
from kitaru._core.words.zenml_words import FUTURE_WORDS
from kitaru.errors import KitaruTimeoutError, KitaruUsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator, Iterable, Sequence
    from typing import Self

R = TypeVar("R")


class CheckpointFuture(Generic[R]):
    """The result of a checkpoint that was started with ``submit``, and may still be running.

    It can be passed to other checkpoints, alone or inside lists, tuples and dicts, and awaited in async code.
    """

    def __init__(
        self,
        future: Future[Any],
        name: str,
        resolve: Callable[[Any], R],
        taken: Callable[[], None] = lambda: None,
        *,
        needs: Sequence[CheckpointFuture[Any]] = (),
        outputs: Outputs | None = None,
    ) -> None:
        self._future = future
        self._name = name
        self._resolve = resolve
        self._taken = taken  # is told when the body learns what became of the call
        self._seen = False
        self._waiters = 0
        self._given_up = False  # whoever waited for it last has stopped waiting, and nobody else does
        self._needs = needs  # those that it was given, until it is done
        self._outputs = outputs or Outputs("?", 1)

    @property
    def name(self) -> str:
        """Name of this call in the execution, such as ``"fetch_2"``."""
        return self._name

    def result(self, timeout: float | None = None) -> R:
        """Wait for the checkpoint and return its value.

        Args:
            timeout: Seconds to wait; None waits for as long as it takes.

        Raises:
            KitaruTimeoutError: It is still running after ``timeout`` seconds. It goes on; when the flow's body ends before
                anybody has waited for it again, it is given up.
            Exception: What the checkpoint raised.
        """
        self._finish(timeout)
        return self._resolve(self._future.result())

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the checkpoint and return what it raised, or None.

        Args:
            timeout: Seconds to wait; None waits for as long as it takes.

        Raises:
            KitaruTimeoutError: It is still running after ``timeout`` seconds, as for ``result``.
        """
        self._finish(timeout)
        return self._future.exception()

    def unpack(self) -> tuple[CheckpointFuture[Any], ...]:
        """Return a future of each output of a checkpoint with several: one that is annotated to return a tuple of them.

        Raises:
            KitaruUsageError: It has one output, or none.

        Examples:
            >>> train, test = split.submit(rows).unpack()  # doctest: +SKIP
        """
        return tuple(OutputFuture(self, index) for index in range(self._outputs.several()))

    def _finish(self, timeout: float | None) -> None:
        with _Waiter([self]) as waiter:
            self._finish_for(waiter, timeout)

    def _finish_for(self, waiter: _Waiter, timeout: float | None) -> None:
        self._seen = True
        body = scope.current_body()
        over = [body.over] if body is not None else []
        done = wait_for([self._future, *over], timeout, FIRST_COMPLETED).done
        if self._future not in done:
            waiter.gives_up = True
            for passed in done:  # the time of the body is over
                passed.result()
            raise KitaruTimeoutError(
                f"Checkpoint {self._name!r} has not finished within {timeout} s. It goes on running until the flow's body "
                f"ends; call result() again to wait longer."
            )
        self._taken()

    def done(self) -> bool:
        """Whether the checkpoint has finished."""
        body = scope.current_body()
        if body is not None and body.over.done():
            body.over.result()
        is_done = self._future.done()
        if is_done:
            self._taken()
        return is_done

    def __await__(self) -> Generator[Any, None, R]:
        with _Waiter([self]) as waiter:
            yield from self._await_for(waiter)
        return self._resolve(self._future.result())

    def _await_for(self, waiter: _Waiter) -> Generator[Any, None, None]:
        self._seen = True
        try:
            yield from until_done(self._future).__await__()
        except BaseException:  # whoever awaits it was cancelled
            waiter.gives_up = True
            raise
        self._taken()

    def __repr__(self) -> str:
        return f"<CheckpointFuture {self._name!r} {'done' if self._future.done() else 'pending'}>"

    def __bool__(self) -> bool:
        """Refuse: ``if approve.submit(x):`` would hold whatever the checkpoint returns.

        Raises:
            KitaruUsageError: Always.
        """
        raise KitaruUsageError(self._no_value("tested as if it were its value"))

    def __str__(self) -> str:
        """Refuse: a prompt would hold the future's name in place of the value; ``repr`` tells what it is.

        Raises:
            KitaruUsageError: Always.
        """
        raise KitaruUsageError(self._no_value("put into a text"))

    def _no_value(self, used: str) -> str:
        return (
            f"The future of checkpoint {self._name!r} was {used}. Take the value first: .result(), or `await` in an async "
            f"flow. Other checkpoints take the future itself."
        )

    if not TYPE_CHECKING:  # a type checker has its own words for these

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):  # asked by copy, pickle and their like
                raise AttributeError(name)
            raise AttributeError(self._no_value(f"asked for .{name}, which it does not have{_instead(name)}"))

        def _refuse(self, *_: object) -> NoReturn:
            raise KitaruUsageError(self._no_value("used as if it were its value"))

        __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
            _refuse
        )
        __mod__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = _refuse


@dataclass(frozen=True)
class Outputs:
    """The outputs of a checkpoint, as far as they are known before it has run.

    Attributes:
        of: The checkpoint's name.
        count: How many they are.
    """

    of: str
    count: int

    def several(self) -> int:
        """Return how many they are.

        Raises:
            KitaruUsageError: There is no more than one.
        """
        if self.count in (0, 1):
            raise KitaruUsageError(
                f"Checkpoint {self.of!r} has {('no output', 'one output')[self.count]}, and there is nothing to unpack. To have "
                f"several, annotate it to return a tuple, such as `-> tuple[int, str]`, and return them as `return a, b`."
            )
        return self.count


class OutputFuture(CheckpointFuture[R]):
    """One output of a call that has several; the call itself is waited for, and given up, by way of its own future."""

    def __init__(self, whole: CheckpointFuture[Any], index: int) -> None:
        super().__init__(whole._future, whole.name, lambda outcome: cast("R", whole._resolve(outcome)[index]))  # noqa: SLF001 - of the same room
        self.whole = whole
        self.index = index

    def _finish(self, timeout: float | None) -> None:
        self.whole._finish(timeout)  # noqa: SLF001 - of the same room

    def _finish_for(self, waiter: _Waiter, timeout: float | None) -> None:
        self.whole._finish_for(waiter, timeout)  # noqa: SLF001

    def _await_for(self, waiter: _Waiter) -> Generator[Any, None, None]:
        return self.whole._await_for(waiter)  # noqa: SLF001

    def done(self) -> bool:
        """Whether the checkpoint has finished."""
        return self.whole.done()

    def unpack(self) -> tuple[CheckpointFuture[Any], ...]:
        """Refuse: this is one output.

        Raises:
            KitaruUsageError: Always.
        """
        raise KitaruUsageError(f"This future is one output of checkpoint {self.whole.name!r} already.")

    def __repr__(self) -> str:
        return f"<CheckpointFuture {self.name!r}, output {self.index} {'done' if self._future.done() else 'pending'}>"


def whole_of(future: CheckpointFuture[Any]) -> CheckpointFuture[Any]:
    """Return the future of the call that a future, or the future of one of its outputs, belongs to."""
    return future.whole if isinstance(future, OutputFuture) else future


class _Waiter:
    """Somebody who waits for futures, and gives up those that are not done where one of them takes too long."""

    _counting: Final = threading.RLock()  # a coroutine that is thrown away ends in whichever thread does that

    def __init__(self, futures: Iterable[CheckpointFuture[Any]]) -> None:
        self._futures = tuple(map(whole_of, futures))
        self.gives_up = False

    def __enter__(self) -> Self:
        with self._counting:
            for future in self._futures:
                future._waiters += 1  # noqa: SLF001 - of the same room
                future._given_up = False  # noqa: SLF001
        return self

    def __exit__(self, *_: object) -> None:
        with self._counting:
            for future in self._futures:
                future._waiters -= 1  # noqa: SLF001
                if self.gives_up and not future._future.done():  # noqa: SLF001
                    future._seen = True  # noqa: SLF001
                    future._given_up = not future._waiters  # noqa: SLF001


async def until_done(future: Future[Any]) -> None:
    """Wait until a future is done, in an event loop, whatever it holds then.

    ``asyncio.wrap_future`` would wait forever where a StopIteration was raised, and would cancel what has not started yet
    when whoever awaits it gives up.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    finished = loop.create_future()
    future.add_done_callback(lambda _: _tell(loop, finished))
    await finished


def _tell(loop: asyncio.AbstractEventLoop, finished: asyncio.Future[None]) -> None:
    def wake() -> None:
        if not finished.done():
            finished.set_result(None)

    with suppress(RuntimeError):  # the loop is closed: nobody awaits it any more
        loop.call_soon_threadsafe(wake)


def _instead(name: str) -> str:
    """Say what is here in the place of an attribute of ZenML's futures."""
    return f": {FUTURE_WORDS[name]}" if name in FUTURE_WORDS else ""


class CheckpointFutures(list[CheckpointFuture[R]]):
    """The futures of a ``map`` or ``product``, in order."""

    def __init__(self, futures: Iterable[CheckpointFuture[R]] = (), outputs: Outputs | None = None) -> None:
        super().__init__(futures)
        self._outputs = outputs

    def unpack(self) -> tuple[CheckpointFutures[Any], ...]:
        """Return the futures of each output of a checkpoint with several, in the order of the calls.

        Raises:
            KitaruUsageError: It has one output, or none.

        Examples:
            >>> doubles, triples = both.map([1, 2, 3]).unpack()  # doctest: +SKIP
            >>> doubles.results()  # doctest: +SKIP
            [2, 4, 6]
        """
        known = self._outputs or next((future._outputs for future in self), Outputs("?", 1))  # noqa: SLF001 - of the same room
        parts = [future.unpack() for future in self]
        return tuple(CheckpointFutures(part[index] for part in parts) for index in range(known.several()))

    def __str__(self) -> str:
        """Refuse, as each of the futures does.

        Raises:
            KitaruUsageError: There is one among them.
        """
        return "".join(map(str, self)) or repr(self)

    if not TYPE_CHECKING:  # a type checker has its own words for these

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                raise AttributeError(name)
            of_all = "Its .results() are the values, in order."
            raise no_attribute(
                self, "list of futures of checkpoints", name, f"{of_all} Of one of them{_instead(name)}."
            )

    def results(self, timeout: float | None = None) -> list[R]:
        """Wait for all of them and return their values in order.

        Args:
            timeout: Seconds to wait for each one; None waits for as long as it takes.

        Raises:
            KitaruTimeoutError: One of them is still running after ``timeout`` seconds; all go on, as one does.
            Exception: What the first failed one of them raised.
        """
        values: list[R] = []
        with _Waiter(self) as waiter:
            for future in self:
                future._finish_for(waiter, timeout)  # noqa: SLF001 - of the same room
                values.append(future.result())
        return values

    def __await__(self) -> Generator[Any, None, list[R]]:
        values: list[R] = []
        with _Waiter(self) as waiter:
            for future in self:
                yield from future._await_for(waiter)  # noqa: SLF001 - of the same room
                values.append(future.result())
        return values
