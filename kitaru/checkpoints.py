"""``@checkpoint``: a function whose result is stored, and which is not run again once it has completed."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    ItemsView,
    Iterable,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from itertools import product as cartesian
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, ParamSpec, Protocol, TypeVar, cast, overload

from kitaru._core.code import scope
from kitaru._core.code.entries import plant
from kitaru._core.code.signatures import bind, call, output_annotation, record_names, refuse_unknown
from kitaru._core.settings.options import checked_retries
from kitaru._core.words.suggest import no_attribute
from kitaru.errors import KitaruContextError, KitaruTimeoutError, KitaruUsageError

if TYPE_CHECKING:
    import asyncio
    from typing import Self

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

Runtime = Literal["inline", "isolated"]
# The recorded input that holds what the others cannot say: the shape of containers.
CALL_INPUT = "kitaru_call"


# ZenML takes 255 characters for the name of an artifact, which holds the flow's and the output's as well.
_LONGEST_ID = 120
_OPTIONS = ("retries", "cache", "type", "runtime", "settings", "resources", "materializers")


@dataclass(frozen=True)
class CheckpointOptions:
    """What a decorator says of a checkpoint.

    Attributes:
        retries: How many times more it is tried when it raises, each time at once.
        cache: Whether an earlier execution's result may be reused; None leaves it to the flow.
        type: A word for the kind of work, shown with the checkpoint: ``"llm_call"``, ``"tool_call"``.
        runtime: ``"isolated"`` asks for a container of its own where the stack has some.
        settings: ZenML settings of the step, passed through.
        resources: ZenML resource settings: ``{"cpu_count": 2, "memory": "4GB", "gpu_count": 1}``.
        materializers: ZenML materializer classes for the outputs, passed through.
    """

    retries: int = 0
    cache: bool | None = None
    type: str | None = None
    runtime: Runtime | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] | None = None
    materializers: Any = None


class CheckpointFuture(Generic[R]):
    """The result of a checkpoint that was started with ``submit``, and may still be running.

    It can be passed to other checkpoints, alone or inside lists, tuples and dicts, and awaited in async code.
    """

    def __init__(
        self, future: Future[Any], name: str, resolve: Callable[[Any], R], taken: Callable[[], None] = lambda: None
    ) -> None:
        self._future = future
        self._name = name
        self._resolve = resolve
        self._taken = taken  # is told when the body learns what became of the call
        self._seen = False

    @property
    def name(self) -> str:
        """Name of this call in the execution, such as ``"fetch_2"``."""
        return self._name

    def result(self, timeout: float | None = None) -> R:
        """Wait for the checkpoint and return its value.

        Args:
            timeout: Seconds to wait; None waits for as long as it takes.

        Raises:
            KitaruTimeoutError: It is still running after ``timeout`` seconds; it goes on.
            Exception: What the checkpoint raised.
        """
        self._finish(timeout)
        return self._resolve(self._future.result())

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the checkpoint and return what it raised, or None; arguments and errors as of ``result``."""
        self._finish(timeout)
        return self._future.exception()

    def _finish(self, timeout: float | None) -> None:
        self._seen = True
        if not wait_for([self._future], timeout).done:
            raise KitaruTimeoutError(
                f"Checkpoint {self._name!r} has not finished within {timeout} s. It goes on running; "
                f"call result() again to wait longer."
            )
        self._taken()

    def done(self) -> bool:
        """Whether the checkpoint has finished."""
        is_done = self._future.done()
        if is_done:
            self._taken()
        return is_done

    def __await__(self) -> Generator[Any, None, R]:
        import asyncio

        self._seen = True
        loop = asyncio.get_running_loop()
        finished = loop.create_future()
        # asyncio.wrap_future would wait forever where a StopIteration was raised, and would cancel a checkpoint that
        # has not started yet when whoever awaits it gives up.
        self._future.add_done_callback(lambda _: _tell(loop, finished))
        yield from finished.__await__()
        self._taken()
        return self._resolve(self._future.result())

    def __repr__(self) -> str:
        return f"<CheckpointFuture {self._name!r} {'done' if self._future.done() else 'pending'}>"

    def __bool__(self) -> bool:
        """Refuse: ``if approve.submit(x):`` would hold whatever the checkpoint returns.

        Raises:
            KitaruUsageError: Always.
        """
        raise KitaruUsageError(self._no_value("tested as if it were its value"))

    def _no_value(self, used: str) -> str:
        return (
            f"The future of checkpoint {self._name!r} was {used}. Take the value first: .result(), or `await` in an async "
            f"flow. Other checkpoints take the future itself."
        )

    if not TYPE_CHECKING:  # a type checker has its own words for these

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):  # asked by copy, pickle and their like
                raise AttributeError(name)
            raise AttributeError(self._no_value(f"asked for .{name}, which it does not have"))

        def _refuse(self, *_: object) -> NoReturn:
            raise KitaruUsageError(self._no_value("used as if it were its value"))

        __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
            _refuse
        )
        __mod__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = _refuse


def _tell(loop: asyncio.AbstractEventLoop, finished: asyncio.Future[None]) -> None:
    def wake() -> None:
        if not finished.done():
            finished.set_result(None)

    with suppress(RuntimeError):  # the loop is closed: nobody awaits it any more
        loop.call_soon_threadsafe(wake)


class CheckpointFutures(list[CheckpointFuture[R]]):
    """The futures of a ``map`` or ``product``, in order."""

    def results(self, timeout: float | None = None) -> list[R]:
        """Wait for all of them and return their values in order.

        Args:
            timeout: Seconds to wait for each one; None waits for as long as it takes.
        """
        return [future.result(timeout) for future in self]

    def __await__(self) -> Generator[Any, None, list[R]]:
        values: list[R] = []
        for future in self:
            value = yield from future.__await__()
            values.append(value)
        return values


class unmapped(Generic[T]):  # noqa: N801 - used like a function
    """Keep ``map`` and ``product`` from iterating over a sequence; every call gets it whole.

    Examples:
        >>> score.map(documents, unmapped(["accuracy", "style"]))  # doctest: +SKIP
    """

    def __init__(self, value: T) -> None:
        self.value = value


class Checkpoint(Generic[P, R]):
    """A function whose calls are recorded as steps of the execution; made by ``checkpoint``."""

    # What tells it from others in ZenML's cache, where its source and what it captured do not.
    identity: str | None = None
    # What the author calls its calls: a text, or a function of their arguments.
    id: str | Callable[..., str] | None = None

    def __init__(self, function: Callable[P, R], options: CheckpointOptions) -> None:
        self.func = function
        self.source: Checkpoint[..., Any] = self  # the one that was decorated, of one with options of its own
        self.planted: Callable[..., Any] = function
        self.name = function.__name__
        self.options = options
        self.signature = inspect.signature(function)
        self.record_names = record_names(self.signature)
        self.entry = plant(
            cast("Callable[..., Any]", function), "checkpoint", self._enter, output_annotation(function), CALL_INPUT
        )
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the checkpoint and return its value; inside an async flow, return it when awaited.

        Raises:
            KitaruContextError: Called outside a flow's body.
        """
        return cast("R", self._body().call(self, args, kwargs))

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> CheckpointFuture[R]:
        """Start the checkpoint beside the rest of the body and return its future.

        Arguments are taken as they are now; changing them afterwards does not reach the checkpoint.

        Raises:
            KitaruContextError: Called outside a flow's body.
        """
        return cast("CheckpointFuture[R]", self._body().submit(self, args, kwargs))

    def with_options(self, *, id: str | Callable[..., str]) -> Self:  # noqa: A002 - the word that users know
        """Return the checkpoint with a name for its calls that tells each from all others of the execution.

        A call with an id is found again by that alone, wherever and in whatever order the body makes it, and its first
        result stands whatever its inputs are. Without one, a call is told by its place in the body and by its inputs.

        Args:
            id: A text of 1 to 120 characters, or a function that gets all of the call's arguments and returns one. Of a text, the
                calls of ``map`` and ``product`` get ``-1``, ``-2``, ... behind it. Shown as the call's name.

        Raises:
            KitaruUsageError: The id is neither, or a text that cannot be kept as a name.

        Examples:
            >>> refund.with_options(id=f"refund-{customer}")(customer, amount)  # doctest: +SKIP
            >>> refund.with_options(id=lambda customer, amount: f"refund-{customer}").map(customers, 10)  # doctest: +SKIP
        """
        chosen = copy(self)
        chosen.id = id if callable(id) else checked_id(id, self.name)
        return chosen

    def id_of(self, values: Mapping[str, Any]) -> str | None:
        """Return the id of a call; None where it has none.

        Args:
            values: Arguments by parameter.

        Raises:
            KitaruUsageError: The function that gives the id raises, or returns no id.
        """
        if not callable(self.id):
            return self.id
        try:
            chosen = call(self.id, self.signature, values)
        except Exception as error:
            raise KitaruUsageError(
                f"{self.name}.with_options(id=...): the function that gives the id raised {type(error).__name__}: {error}. "
                f"It gets the arguments of the call: {self.name}{self.signature}."
            ) from error
        return checked_id(chosen, self.name)

    def map(self, *args: Any, **kwargs: Any) -> CheckpointFutures[R]:
        """Start the checkpoint once for each element of the given sequences, taken together as by ``zip``.

        Args:
            *args: Lists, tuples, ranges, results or futures of such; anything else goes to every call as it is.
            **kwargs: The same, by name.

        Raises:
            KitaruUsageError: No sequence is among the arguments, or they differ in length.
            KitaruContextError: Called outside a flow's body.

        Examples:
            >>> pages = fetch.map(["a.html", "b.html"]).results()  # doctest: +SKIP
        """
        return self._fan_out("map", args, kwargs, _zip_equal)

    def product(self, *args: Any, **kwargs: Any) -> CheckpointFutures[R]:
        """Start the checkpoint once for every combination of elements; arguments as for ``map``."""
        return self._fan_out("product", args, kwargs, lambda _, sequences: list(cartesian(*sequences)))

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Bind arguments to parameters, or raise KitaruUsageError."""
        return bind(f"checkpoint {self.name!r}: {self.name}", self.signature, args, kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        if instance is not None:
            raise KitaruUsageError(
                f"Checkpoint {self.name!r} is a method. A checkpoint has to be a function, as its step is loaded by "
                f"name in other processes: move it out of the class and pass what it needs."
            )
        return self

    def __repr__(self) -> str:
        return f"<Checkpoint {self.__module__}.{self.__qualname__}>"

    if not TYPE_CHECKING:  # a type checker has its own words for these

        def __getattr__(self, name: str) -> NoReturn:
            raise no_attribute(
                self,
                "Checkpoint",
                name,
                "It is called in a flow's body: directly, or concurrently by .submit(...), .map(...) and .product(...)",
            )

    def _body(self) -> scope.FlowBody:
        inside = scope.current_checkpoint()
        if inside is not None:
            raise KitaruContextError(
                f"Checkpoint {self.name!r} was called inside checkpoint {inside.name!r}. Checkpoints are called in "
                f"the body of a flow; inside a checkpoint call the plain function: {self.name}.func(...)."
            )
        body = scope.current_body()
        if body is None:
            raise KitaruContextError(
                f"Checkpoint {self.name!r} was called outside a flow. Call it in the body of a function decorated "
                f"with @flow and start that with .run(...); to try the function alone, call {self.name}.func(...). "
                f"(A thread that the body starts itself is outside too: use {self.name}.submit(...) instead.)"
            )
        return body

    def _fan_out(
        self,
        method: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        combine: Callable[[str, list[Sequence[Any]]], list[tuple[Any, ...]]],
    ) -> CheckpointFutures[R]:
        body = self._body()
        keys: list[int | str] = [*range(len(args)), *kwargs]
        given = [_fan_argument(value) for value in (*args, *kwargs.values())]
        mapped = [i for i, value in enumerate(given) if isinstance(value, _Mapped)]
        if not mapped:
            kinds = ", ".join(type(value).__name__ for value in given) or "nothing"
            raise KitaruUsageError(
                f"{self.name}.{method} needs a sequence to map over (a list, tuple, range, or a result or future of one), "
                f"and got {kinds}. Make it a list: list(...), or sorted(...) of a set. To start it once, use "
                f"{self.name}.submit(...)."
            )
        futures: CheckpointFutures[R] = CheckpointFutures()
        combinations = combine(self.name, [given[i].items for i in mapped])
        body.expect(self, len(combinations))
        for number, combination in enumerate(combinations, 1):
            numbered = self.with_options(id=f"{self.id}-{number}") if isinstance(self.id, str) else self
            chosen = dict(zip(mapped, combination, strict=True))
            values = [chosen.get(i, value) if i in chosen else value for i, value in enumerate(given)]
            call_args = tuple(v for k, v in zip(keys, values, strict=True) if isinstance(k, int))
            call_kwargs = {k: v for k, v in zip(keys, values, strict=True) if isinstance(k, str)}
            futures.append(body.submit(numbered, call_args, call_kwargs))
        return futures

    def _enter(self, inputs: dict[str, Any]) -> Any:
        from kitaru._zenml.running import steps

        return steps.run_checkpoint(self, inputs)


def checked_id(chosen: object, checkpoint: str) -> str:
    """Return the id of a call, checked.

    Raises:
        KitaruUsageError: It is none that ZenML can keep as a step's name.
    """
    where = f"{checkpoint}.with_options(id={reprlib.repr(chosen)})"
    if not isinstance(chosen, str):
        raise KitaruUsageError(
            f"{where}: an id is some text, or a function that returns it, not a {type(chosen).__name__}."
        )
    if not chosen.strip() or len(chosen) > _LONGEST_ID:
        raise KitaruUsageError(f"{where}: an id has 1 to {_LONGEST_ID} characters, and this one {len(chosen.strip())}.")
    if chosen != chosen.strip() or not chosen.isprintable():
        raise KitaruUsageError(
            f"{where}: an id is the name of a step in ZenML, without space around it, line breaks and control characters."
        )
    return chosen


class _Mapped:
    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items


def _fan_argument(value: Any) -> Any:
    if isinstance(value, unmapped):
        return value.value
    if isinstance(value, CheckpointFuture):
        value = value.result()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return _Mapped(value)
    if isinstance(value, KeysView | ValuesView | ItemsView):  # of a dict, which has an order
        return _Mapped(list(value))
    if (
        isinstance(value, Iterable)
        and not isinstance(value, str | bytes | bytearray | Mapping)
        and iter(value) is value
    ):
        return _Mapped(list(value))  # an iterator or generator
    return value


def _zip_equal(name: str, sequences: list[Sequence[Any]]) -> list[tuple[Any, ...]]:
    lengths = [len(sequence) for sequence in sequences]
    if len(set(lengths)) > 1:
        raise KitaruUsageError(
            f"{name}.map got sequences of different lengths {lengths}; they are taken together, element by element. "
            f"Wrap one that every call should get whole: kitaru.unmapped(...), or use {name}.product(...)."
        )
    return list(zip(*sequences, strict=True))


class AsyncCheckpoint(Checkpoint[P, R]):
    """A checkpoint made of an ``async def`` function: await its calls."""

    func: Callable[P, Coroutine[Any, Any, R]]  # type: ignore[assignment]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Awaitable[R]:  # type: ignore[override]
        """Start the checkpoint and return what gives its value when awaited.

        In a flow that is not async there is nothing to await: there the call returns the value itself.

        Raises:
            KitaruContextError: Called outside a flow's body.
        """
        return cast("Awaitable[R]", super().__call__(*args, **kwargs))

    async def _enter(self, inputs: dict[str, Any]) -> Any:
        from kitaru._zenml.running import steps

        return await steps.run_async_checkpoint(self, inputs)


class _CheckpointDecorator(Protocol):
    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncCheckpoint[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Checkpoint[P, R]: ...


@overload
def checkpoint(function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncCheckpoint[P, R]: ...
@overload
def checkpoint(function: Callable[P, R], /) -> Checkpoint[P, R]: ...
@overload
def checkpoint(
    *,
    retries: int = 0,
    cache: bool | None = None,
    type: str | None = None,
    runtime: Runtime | None = None,
    settings: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    materializers: Any = None,
) -> _CheckpointDecorator: ...
def checkpoint(
    function: Callable[..., Any] | None = None,
    /,
    *,
    retries: int = 0,
    cache: bool | None = None,
    type: str | None = None,
    runtime: Runtime | None = None,
    settings: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    materializers: Any = None,
    **unknown: Any,
) -> Any:
    """Make a function a checkpoint.

    A call in a flow's body returns the function's value once it is stored. When the execution is tried again, a
    checkpoint that has completed is not run again; its first result is returned.

    Args:
        function: The function, where the decorator is used bare.
        retries: How many times more a call is tried when it raises; 0 by default.
        cache: Whether a result of an earlier execution with the same code and inputs may be reused. None, the
            default, leaves it to the flow's ``cache``.
        type: A word for the kind of work, shown beside the checkpoint.
        runtime: ``"inline"`` runs in the flow's own process, ``"isolated"`` in a container of its own where the
            stack's orchestrator has some. None leaves it to ZenML.
        settings: ZenML step settings, passed through.
        resources: ZenML resource settings, passed through.
        materializers: ZenML materializers of the outputs, passed through.
        **unknown: Refused, with the nearest option.

    Raises:
        KitaruUsageError: An option is wrong.

    Examples:
        >>> @checkpoint(retries=2)
        ... def double(x: int) -> int:
        ...     return 2 * x
    """
    refuse_unknown("@checkpoint", unknown, _OPTIONS)
    if cache is not None and not isinstance(cache, bool):
        raise KitaruUsageError(f"@checkpoint(cache={cache!r}): cache is True, False or None.")
    if runtime not in (None, "inline", "isolated"):
        raise KitaruUsageError(f"@checkpoint(runtime={runtime!r}): runtime is 'inline', 'isolated' or None.")
    options = CheckpointOptions(
        retries=checked_retries(retries, "@checkpoint(retries=)"),
        cache=cache,
        type=type,
        runtime=runtime,
        settings=dict(settings or {}),
        resources=dict(resources) if resources is not None else None,
        materializers=materializers,
    )

    def decorate(target: Callable[..., Any]) -> Checkpoint[..., Any]:
        if not inspect.isfunction(target):
            raise KitaruUsageError(f"@checkpoint decorates a function; {target!r} is none.")
        # A decorator below may be a plain function that passes on the coroutine of the async one it wraps.
        kind = AsyncCheckpoint if inspect.iscoroutinefunction(inspect.unwrap(target)) else Checkpoint
        return kind(target, options)

    return decorate if function is None else decorate(function)
