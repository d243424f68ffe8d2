"""``@checkpoint``: a function whose result is stored, and which is not run again once it has completed."""

from __future__ import annotations

import inspect
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    ItemsView,
    Iterable,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from copy import copy
from dataclasses import replace
from itertools import product as cartesian
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    NoReturn,
    ParamSpec,
    Protocol,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    get_args,
    overload,
)

from kitaru._core.code import scope
from kitaru._core.code.definitions import CheckpointDefinition, CheckpointOptions, Runtime, checked_id
from kitaru._core.code.futures import CheckpointFuture, CheckpointFutures
from kitaru._core.code.signatures import refuse_unknown
from kitaru._core.policies.amounts import checked_count, checked_memory, checked_rate, checked_seconds, wrong
from kitaru._core.policies.hook_functions import checked_hooks
from kitaru._core.policies.retry import checked_retries, policy_of
from kitaru._core.settings.zenml_keys import CHECKPOINT, check_settings, checked_resources, checked_zenml
from kitaru._core.settings.zenml_values import merged, plain
from kitaru._core.words.suggest import did_you_mean, no_attribute
from kitaru._core.words.zenml_words import CHECKPOINT_WORDS
from kitaru.errors import KitaruContextError, KitaruUsageError

if TYPE_CHECKING:
    from typing import Self

    from kitaru._core.policies.hook_functions import Hook
    from kitaru._core.policies.retry import Retry

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

__all__ = [
    "CallKeywords",
    "Checkpoint",
    "CheckpointFuture",
    "CheckpointFutures",
    "CheckpointKeywords",
    "CheckpointOptions",
    "checkpoint",
    "unmapped",
]


class CallKeywords(TypedDict, total=False):
    """The options of single calls.

    Attributes:
        retries: Maximum number of retries when it raises, or a policy; 0 by default.
        timeout: Seconds that one attempt of a call may take; no limit by default.
        cache: Whether a result of an earlier execution with the same code and inputs may be reused. None, the default,
            leaves it to the flow's ``cache``.
        runtime: ``"inline"`` runs in the flow's own process, ``"process"`` in one of its own, ``"isolated"`` in a
            container of its own where the stack's orchestrator has some. None leaves it to ZenML.
        resources: ZenML resource settings: ``{"cpu_count": 2, "memory": "4GB", "gpu_count": 1}``.
        max_memory: The memory that a process of its own may have: ``"2GB"``, or bytes.
        zenml: What ZenML sets for a step beside these, by its own words.
    """

    retries: int | Retry | None
    timeout: float | None
    cache: bool | None
    runtime: Runtime | None
    resources: Mapping[str, Any] | None
    max_memory: int | str | None
    zenml: Mapping[str, Any] | None


class CheckpointKeywords(CallKeywords, total=False):
    """The options of a checkpoint: those of single calls, and what all its calls share.

    Attributes:
        type: A word for the kind of work, shown beside the checkpoint: ``"llm_call"``, ``"tool_call"``.
        settings: ZenML step settings, passed through.
        materializers: ZenML materializers of the outputs, passed through.
        concurrency: How many calls run at once over the executions of this machine; no limit by default.
        rate: How often calls start over the executions of this machine: ``"30/min"``; no limit by default.
        on_success: A function, or a list of functions, that get a call when it has completed.
        on_failure: The same, when it has failed and is not tried again.
    """

    type: str | None
    settings: Mapping[str, Any] | None
    materializers: Any
    concurrency: int | None
    rate: str | None
    on_success: Hook | Sequence[Hook] | None
    on_failure: Hook | Sequence[Hook] | None


def _checked_retries(_name: str, value: Any, where: str) -> Any:
    return policy_of(checked_retries(value, where))


def _checked_cache(name: str, value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(name, "True, False or None", where, value)
    return value


def _checked_runtime(name: str, value: Any, where: str) -> Runtime:
    known = get_args(Runtime)
    if value not in known:
        nearest = did_you_mean(value, known) if isinstance(value, str) else ""
        raise KitaruUsageError(f"{where} gives {value!r}: {name} is {', '.join(map(repr, known))} or None.{nearest}")
    return cast("Runtime", value)


def _checked_zenml(_name: str, value: Any, where: str) -> dict[str, Any]:
    return checked_zenml(value, where, CHECKPOINT)


def _checked_settings(name: str, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise wrong(name, "a mapping", where, value)
    settings = {key: plain(item, f"{where} {key}") for key, item in value.items()}
    check_settings(settings, where, CHECKPOINT)
    return settings


def _as_given(_name: str, value: Any, _where: str) -> Any:
    return value


_CHECKS: Final[dict[str, Callable[[str, Any, str], Any]]] = {
    "retries": _checked_retries,
    "cache": _checked_cache,
    "type": _as_given,
    "runtime": _checked_runtime,
    "timeout": checked_seconds,
    "max_memory": checked_memory,
    "resources": checked_resources,
    "settings": _checked_settings,
    "materializers": _as_given,
    "zenml": _checked_zenml,
    "concurrency": checked_count,
    "rate": checked_rate,
    "on_success": checked_hooks,
    "on_failure": checked_hooks,
}
_OF_CALLS: Final = ("retries", "timeout", "cache", "runtime", "resources", "max_memory", "zenml")


def _changed_options(options: CheckpointOptions, where: str, keywords: Mapping[str, Any]) -> CheckpointOptions:
    """Return options with those changed that are given."""
    checked = {
        name: _CHECKS[name](name, value, f"{where}({name}=)") for name, value in keywords.items() if value is not None
    }
    if "retries" in checked:
        checked["retry"] = checked.pop("retries")
    if "zenml" in checked:
        checked["zenml"] = merged(options.zenml, checked["zenml"])
    return _without_contradictions(replace(options, **checked), where) if checked else options


def _without_contradictions(options: CheckpointOptions, where: str) -> CheckpointOptions:
    """Return options that can all be followed.

    Raises:
        KitaruUsageError: One of them rules out another one.
    """
    runtime = options.runtime
    resources = options.resources or (options.zenml.get("settings") or options.settings).get("resources")
    if resources and runtime in ("inline", "process"):
        raise KitaruUsageError(
            f"{where}: resources={resources!r} and runtime={runtime!r} contradict each other. Resources are "
            f'those of a container of its own: leave runtime out, or make it "isolated"; resources={{}} takes them back.'
        )
    if options.zenml.get("step_operator") and runtime in ("inline", "process"):
        raise KitaruUsageError(
            f"{where}: zenml={{'step_operator': {options.zenml['step_operator']!r}}} and runtime={runtime!r} contradict each other. "
            f"A step operator runs a checkpoint elsewhere: leave runtime out; zenml={{'step_operator': None}} takes it back."
        )
    if options.max_memory is not None and runtime != "process":
        raise KitaruUsageError(
            f"{where}: max_memory={options.max_memory} and runtime={runtime!r} contradict each other. It is the limit of a "
            f'process of its own: add runtime="process". That of a container is resources={{"memory": "2GB"}}.'
        )
    return options


class unmapped(Generic[T]):  # noqa: N801 - used like a function
    """Keep ``map`` and ``product`` from iterating over a sequence; every call gets it whole.

    Examples:
        >>> score.map(documents, unmapped(["accuracy", "style"]))  # doctest: +SKIP
    """

    def __init__(self, value: T) -> None:
        self.value = value


class Checkpoint(CheckpointDefinition[P, R]):
    """A function whose calls are recorded as steps of the execution; made by ``checkpoint``."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the checkpoint and return its value; inside an async flow, return it when awaited.

        Raises:
            KitaruContextError: Called outside a flow's body.
            KitaruUsageError: The arguments do not fit, a value cannot be stored, or another call has the id.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What the function raised, after its retries.
        """
        return cast("R", self._body().call(self, args, kwargs))

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> CheckpointFuture[R]:
        """Start the checkpoint beside the rest of the body and return its future.

        Arguments are taken as they are now; changing them afterwards does not reach the checkpoint.

        Raises:
            KitaruContextError: Called outside a flow's body.
            KitaruUsageError: The arguments do not fit, one cannot be stored, or another call has the id.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
        """
        return cast("CheckpointFuture[R]", self._body().submit(self, args, kwargs))

    def with_options(
        self,
        *,
        id: str | Callable[..., str] | None = None,  # noqa: A002 - the word that users know
        after: object = (),
        **options: Unpack[CallKeywords],
    ) -> Self:
        """Return the checkpoint with options of single calls; those not given stay.

        A call with an id is found again by that alone, wherever and in whatever order the body makes it, and its first
        result stands whatever its inputs are. Without one, a call is told by its place in the body and by its inputs.

        Args:
            id: What tells each call from all others of the execution: a text of 1 to 120 characters, or a function that
                gets all of the call's arguments and returns one. Of a text, the calls of ``map`` and ``product`` get
                ``-1``, ``-2``, ... behind it. Shown as the call's name.
            after: What has to be completed before a call starts, though it takes nothing of it: futures of checkpoints, also
                those of ``map``, and values that checkpoints have returned; one, or a list of them. Where one fails, the
                call raises the same.
            **options: ``retries``, ``timeout``, ``cache``, ``runtime``, ``resources``, ``max_memory`` and ``zenml``, which
                is merged key by key; see ``kitaru.checkpoints.CallKeywords``.

        Raises:
            KitaruUsageError: An option is wrong, or the id a text that cannot be kept as a name.

        Examples:
            >>> refund.with_options(id=f"refund-{customer}", retries=2)(customer, amount)  # doctest: +SKIP
            >>> refund.with_options(id=lambda customer, amount: f"refund-{customer}").map(customers, 10)  # doctest: +SKIP
        """
        where = f"{self.name}.with_options"
        known = ("id", "after", *_OF_CALLS)
        refuse_unknown(where, [name for name in options if name not in _OF_CALLS], known, CHECKPOINT_WORDS)
        chosen = copy(self)
        chosen.options = _changed_options(self.options, where, options)
        if id is not None:
            chosen.id = id if callable(id) else checked_id(id, self.name)
        chosen.after = (*self.after, after)
        return chosen

    def map(self, *args: Any, **kwargs: Any) -> CheckpointFutures[R]:
        """Start the checkpoint once for each element of the given sequences, taken together as by ``zip``.

        Args:
            *args: Lists, tuples, ranges, results or futures of such; anything else goes to every call as it is.
            **kwargs: The same, by name.

        Raises:
            KitaruContextError: Called outside a flow's body.
            KitaruUsageError: No sequence is among the arguments, they differ in length, or a call is wrong as in
                ``submit``.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.

        Examples:
            >>> pages = fetch.map(["a.html", "b.html"]).results()  # doctest: +SKIP
        """
        return self._fan_out("map", args, kwargs, _zip_equal)

    def product(self, *args: Any, **kwargs: Any) -> CheckpointFutures[R]:
        """Start the checkpoint once for every combination of elements; arguments as for ``map``.

        Raises:
            KitaruContextError: Called outside a flow's body.
            KitaruUsageError: No sequence is among the arguments, or a call is wrong as in ``submit``.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
        """
        return self._fan_out("product", args, kwargs, lambda _, sequences: list(cartesian(*sequences)))

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        if instance is not None:
            raise KitaruUsageError(
                f"Checkpoint {self.name!r} is a method. A checkpoint has to be a function, as its step is loaded by "
                f"name in other processes: move it out of the class and pass what it needs."
            )
        return self

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
        arguments = [_fan_argument(value) for value in (*args, *kwargs.values())]
        mapped = [i for i, value in enumerate(arguments) if isinstance(value, _Mapped)]
        if not mapped:
            kinds = ", ".join(type(value).__name__ for value in arguments) or "nothing"
            raise KitaruUsageError(
                f"{self.name}.{method} needs a sequence to map over (a list, tuple, range, or a result or future of one), "
                f"and got {kinds}. Make it a list: list(...), or sorted(...) of a set. To start it once, use "
                f"{self.name}.submit(...)."
            )
        futures: CheckpointFutures[R] = CheckpointFutures(outputs=self.outputs)
        combinations = combine(self.name, [arguments[i].items for i in mapped])
        body.expect(self, len(combinations))
        for number, combination in enumerate(combinations, 1):
            numbered = self.with_options(id=f"{self.id}-{number}") if isinstance(self.id, str) else self
            chosen = dict(zip(mapped, combination, strict=True))
            values = [chosen.get(i, value) if i in chosen else value for i, value in enumerate(arguments)]
            call_args = tuple(v for k, v in zip(keys, values, strict=True) if isinstance(k, int))
            call_kwargs = {k: v for k, v in zip(keys, values, strict=True) if isinstance(k, str)}
            futures.append(body.submit(numbered, call_args, call_kwargs))
        return futures

    def _enter(self, inputs: dict[str, Any]) -> Any:
        from kitaru._zenml.running import steps

        return steps.run_checkpoint(self, inputs)


class _Mapped:
    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items


def _fan_argument(value: Any) -> Any:
    if isinstance(value, unmapped):
        return value.value
    from kitaru._zenml.running import plain_steps

    if isinstance(value, plain_steps.UNMAPPED):
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
        """Start the checkpoint and return an awaitable of its value.

        In a flow that is not async there is nothing to await: there the call returns the value itself.

        Raises:
            KitaruContextError: Called outside a flow's body.
            KitaruUsageError: The arguments do not fit, one cannot be stored, or another call has the id.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What the function raised, after its retries; when awaited.
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
def checkpoint(**options: Unpack[CheckpointKeywords]) -> _CheckpointDecorator: ...
def checkpoint(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a checkpoint.

    A call in a flow's body returns the function's value once it is stored. When the execution is tried again, a
    checkpoint that has completed is not run again; its first result is returned.

    Args:
        function: The function, where the decorator is used bare.
        **options: ``retries``, ``timeout``, ``cache``, ``type``, ``runtime``, ``resources``, ``max_memory``, ``settings``,
            ``materializers``, ``zenml``, ``concurrency``, ``rate``, ``on_success`` and ``on_failure``; see
            ``kitaru.checkpoints.CheckpointKeywords``. By default it is not tried again, has no limits, and ``cache`` is
            left to the flow.

    Raises:
        KitaruUsageError: An option is wrong, or what is decorated is not a function.

    Examples:
        >>> @checkpoint(retries=2)
        ... def double(x: int) -> int:
        ...     return 2 * x
    """
    refuse_unknown("@checkpoint", [name for name in options if name not in _CHECKS], tuple(_CHECKS), CHECKPOINT_WORDS)
    checked = _changed_options(CheckpointOptions(), "@checkpoint", options)

    def decorate(target: Callable[..., Any]) -> Checkpoint[..., Any]:
        if not inspect.isfunction(target):
            raise KitaruUsageError(f"@checkpoint decorates a function; {target!r} is none.")
        # A decorator below may be a plain function that passes on the coroutine of the async one it wraps.
        kind = AsyncCheckpoint if inspect.iscoroutinefunction(inspect.unwrap(target)) else Checkpoint
        return kind(target, checked)

    return decorate if function is None else decorate(function)
