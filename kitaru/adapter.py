"""The door for adapters of agent frameworks: run a callable as a checkpoint of the execution that this code is in.

An adapter wraps what its framework calls (a model request, a tool) in ``run`` or ``run_async`` and needs
nothing else of Kitaru. In the body of a flow the call becomes a checkpoint: it is recorded under a name, and read back
when the execution is tried again or replayed. Everywhere else, outside a flow and inside another checkpoint, the
callable is simply called, so that the framework works as if Kitaru were not there.

Examples:
    >>> answer = await run_async(  # doctest: +SKIP
    ...     lambda: client.request(messages), name="model", type="llm_call", inputs={"messages": messages}
    ... )
"""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError as FutureCancelledError
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from kitaru._core.code import scope as scopes
from kitaru._core.code.definitions import CheckpointOptions
from kitaru._core.code.event_loop import in_event_loop
from kitaru._core.code.named import NamedCall, Scope, clean_name
from kitaru._core.policies.retry import checked_retries, policy_of
from kitaru.checkpoints import Checkpoint
from kitaru.errors import KitaruContextError, KitaruUsageError
from kitaru.waits import wait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from concurrent.futures import Future

__all__ = [
    "ObjectSerializer",
    "Place",
    "Scope",
    "Serializer",
    "current",
    "record_usage",
    "run",
    "run_async",
    "scope",
    "wait",
    "was_started",
]

T = TypeVar("T")

_EXACT: Final = "__exact__"


class Serializer(Protocol):
    """How a call's value is stored, and made again from what is stored."""

    def dump(self, value: Any) -> Any:
        """Return what is stored for a value; plain JSON data shows best in ZenML's dashboard."""

    def load(self, stored: Any) -> Any:
        """Return the value for what is stored; also where the call has just been made."""


class ObjectSerializer:
    """Stores messages of a framework as JSON that names their classes, and gives back equal ones, field by field.

    Dataclasses and pydantic models are written down as they are, aliases, extras and private attributes included, and
    need not pass validation to be read. What JSON has no form for is a pickle within it.

    Examples:
        >>> stored = ObjectSerializer().dump(Place("4f1d", None, None))
        >>> stored
        {'__class__': 'kitaru.adapter:Place', 'fields': {'exec_id': '4f1d', 'checkpoint': None, 'replay_of': None}}
        >>> ObjectSerializer().load(stored)
        Place(exec_id='4f1d', checkpoint=None, replay_of=None)
    """

    def __init__(self, form: Serializer | None = None) -> None:
        """Create the serializer.

        Args:
            form: The framework's own serializer to plain JSON. What it makes is stored wherever an equal value comes
                back from it, as it reads better and may be read by more releases. None for none.
        """
        self._form = form

    def dump(self, value: Any) -> Any:
        """Return plain JSON for a value.

        Raises:
            KitaruUsageError: A part of it cannot be pickled, and there is no other form; names its type.
            Exception: What the framework's own serializer raises for such a value.
        """
        from kitaru._core.code import objects

        if self._form is None:
            return self._exact(value)
        try:
            exact = self._exact(value)
        except KitaruUsageError:  # the framework may know what to keep of it
            return self._form.dump(value)
        with suppress(Exception):  # it may refuse in any way what it has no form for
            stored = self._form.dump(value)
            if objects.alike(self._exact(self._form.load(stored)), exact):
                return stored
        return {_EXACT: exact}

    def load(self, stored: Any) -> Any:
        """Return the value again.

        Raises:
            KitaruBackendError: A class in it is not in the installed release of its package.
            Exception: What the framework's own serializer raises.
        """
        import pickle

        from kitaru._core.code import objects

        if self._form is None:
            return objects.decode(stored, pickle.loads)
        if isinstance(stored, dict) and stored.keys() == {_EXACT}:
            return objects.decode(stored[_EXACT], pickle.loads)
        return self._form.load(stored)

    @staticmethod
    def _exact(value: Any) -> Any:
        from kitaru._core.code import objects
        from kitaru._zenml.values import values

        def pickle(part: Any) -> bytes:
            return values.payload_of(part, "What the framework returned", values.AS_INPUT)

        try:
            return objects.encode(value, pickle)
        except RecursionError:
            return objects.pickled(value, pickle)


@dataclass(frozen=True)
class Place:
    """Where the running code is in an execution.

    Attributes:
        exec_id: The execution.
        checkpoint: The checkpoint call that it is in, such as ``"fetch_2"``; None in the flow's body.
        replay_of: The execution that this one replays; None where it replays none.
    """

    exec_id: str
    checkpoint: str | None
    replay_of: str | None

    @property
    def in_body(self) -> bool:
        """Whether this is the flow's body, where calls become checkpoints."""
        return self.checkpoint is None


def current() -> Place | None:
    """Return where the running code is; None outside a flow, and in threads that the flow's code started itself."""
    inside = scopes.current_checkpoint()
    if inside is not None:
        return Place(inside.exec_id, inside.name, inside.replay_of)
    body = scopes.current_body()
    return Place(body.exec_id, None, body.replay_of) if body is not None else None


def scope(name: str, *, key: str | None = None, run: object) -> Scope:
    """Return the scope of calls that belong together, such as one run of an agent; its name begins theirs.

    Args:
        name: What it is called; a second one gets ``_2``, and so on.
        key: What tells it from others of that name, by content: a digest of what the agent was asked. Scopes that are
            opened concurrently need one, as they may be opened in another order when the execution is tried again.
            Without a key, a scope is told by where it is opened and by its turn there.
        run: What identifies it in this process; for the same run the same scope is returned. Hashable.

    Raises:
        KitaruUsageError: The name has no letter and no digit.
        KitaruContextError: Called outside a flow's body.
    """
    body = scopes.current_body()
    if body is None or scopes.current_checkpoint() is not None:
        raise KitaruContextError("kitaru.adapter.scope() was called outside a flow's body; ask current() first.")
    return cast("Scope", body.scope(_checked_name(name), key=key, run=run))


def was_started(*, name: str, key: str, scope: Scope | None = None) -> bool:
    """Return whether an earlier attempt at this execution has begun a call, whatever became of it; False elsewhere.

    For frameworks that keep a record of their own: what theirs says was cut off is run again under its key, or read back.

    Args:
        name: The call's name, as of ``run``.
        key: Its key.
        scope: What it belongs to; None for the flow's body itself.

    Raises:
        KitaruUsageError: In a flow's body: the name has no letter and no digit.

    Examples:
        >>> was_started(name="search", key="call_4f1d")
        False
    """
    body = _body()
    return body is not None and body.was_started(_stem(_checked_name(name), scope), key)


def run(
    function: Callable[[], T],
    *,
    name: str,
    type: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    key: str | None = None,
    scope: Scope | None = None,
    serializer: Serializer | None = None,
    retries: int = 0,
    cache: bool | None = False,
    identity: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> T:
    """Run a callable as a checkpoint of the current execution, and return its value.

    Args:
        function: What is called, without arguments: a closure or a bound method will do. It runs in the process of the
            flow's body.
        name: The checkpoint's name; a second call of it gets ``_2``, and so on. What is neither letter, digit nor
            underscore becomes an underscore, and what goes beyond 120 signs is cut off.
        type: A word for the kind of work: ``"llm_call"``, ``"tool_call"``.
        inputs: What is recorded as the call's inputs, by name; nothing by default.
        key: What tells the call from others of that name and scope, such as a tool call's id. Calls that are made
            concurrently with equal inputs need one. Without it, a call is told by where it is made and by its inputs.
        scope: What the call belongs to; its name begins with that of the scope. None for the flow's body itself.
        serializer: How its value is stored; by default as any checkpoint's.
        retries: Maximum number of retries when it raises; 0 by default.
        cache: Whether a result of an earlier execution with the same name and inputs may be taken: False, the default,
            for calls whose inputs do not say all; None leaves it to the flow.
        identity: Takes out of the inputs what tells the call from others: all but clocks and random ids, which differ when
            the execution is tried again. None for all of them. A call with a key is told by that alone.

    Raises:
        KitaruUsageError: An option is wrong, or an input or the value cannot be stored.
        KitaruDivergenceError: The flow's body no longer follows the record of its execution.
        Exception: What the callable raised, after its retries.

    Examples:
        >>> run(lambda: search(query), name="search", type="tool_call", inputs={"query": query})  # doctest: +SKIP
    """
    body = _body()
    if body is None:
        return function()

    def called(_inputs: dict[str, Any]) -> Any:
        value = function()
        return value if serializer is None else serializer.dump(value)

    call = _call(called, name, type, key=key, scope=scope, retries=retries, cache=cache, identity=identity)
    if in_event_loop():  # the body would return something to await
        stored = body.submit(call, (dict(inputs or {}),), {}).result()
    else:
        stored = body.call(call, (dict(inputs or {}),), {})
    return cast("T", stored if serializer is None else serializer.load(stored))


async def run_async(
    function: Callable[[], Awaitable[T]],
    *,
    name: str,
    type: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    key: str | None = None,
    scope: Scope | None = None,
    serializer: Serializer | None = None,
    retries: int = 0,
    cache: bool | None = False,
    identity: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> T:
    """Run an async callable as a checkpoint of the current execution; arguments as of ``run``.

    It runs in the event loop of the caller, so that connections and locks that belong to the loop keep working.

    Raises:
        KitaruUsageError: An option is wrong, or an input or the value cannot be stored.
        KitaruDivergenceError: The flow's body no longer follows the record of its execution.
        Exception: What the callable raised, after its retries.
    """
    body = _body()
    if body is None:
        return await function()
    call_in_loop = _LoopCall(function, serializer, asyncio.get_running_loop())
    call = _call(call_in_loop.wait, name, type, key=key, scope=scope, retries=retries, cache=cache, identity=identity)
    try:
        stored = await body.submit(call, (dict(inputs or {}),), {})
    except asyncio.CancelledError:
        call_in_loop.cancel()
        raise
    return cast("T", stored if serializer is None else serializer.load(stored))


class _LoopCall:
    """A coroutine that a checkpoint's thread waits for while the event loop of the caller runs it."""

    def __init__(
        self, function: Callable[[], Awaitable[Any]], serializer: Serializer | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._function = function
        self._serializer = serializer
        self._loop = loop
        self._cancelled = False
        self._running: Future[Any] | None = None

    def wait(self, _inputs: dict[str, Any]) -> Any:
        """Have the loop run it, in the context of the checkpoint, and return what shall be stored."""
        if self._cancelled:
            raise FutureCancelledError
        self._running = asyncio.run_coroutine_threadsafe(self._run(), self._loop)
        if self._cancelled:
            self._running.cancel()
        return self._running.result()

    def cancel(self) -> None:
        """End it: whoever awaited it has given up."""
        self._cancelled = True
        if self._running is not None:
            self._running.cancel()

    async def _run(self) -> Any:
        value = await self._function()
        return value if self._serializer is None else self._serializer.dump(value)


def record_usage(
    *,
    model: str,
    provider: str | None = None,
    input_tokens: int = 0,
    output_tokens: int = 0,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
    cost: float | None = None,
) -> float | None:
    """Add one model call to what the running checkpoint has used; outside a checkpoint nothing is recorded.

    Args:
        model: The model's name, as its provider calls it.
        provider: The provider's name in the price list of genai-prices: ``"openai"``.
        input_tokens: Tokens that the model read, those of its provider's cache included.
        output_tokens: Tokens that it wrote.
        cache_read_tokens: How many of the input tokens came from the provider's cache.
        cache_write_tokens: How many of them went into it.
        cost: What the call cost in US dollars; None looks it up, where genai-prices is installed.

    Returns:
        What the call cost in US dollars; None where that is not known, or nothing is recorded.

    Raises:
        ValueError: A count is not a whole number, or the cost is no number.

    Examples:
        >>> record_usage(model="gpt-4o-mini", provider="openai", input_tokens=812, output_tokens=96)  # doctest: +SKIP
    """
    if scopes.current_checkpoint() is None:
        return None
    from kitaru._core.records.prices import Tokens, cost_of
    from kitaru.models import Usage
    from kitaru.tracking import recorder

    if cost is None:
        cost = cost_of(model, provider, Tokens(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens))
    recorder("note_usage")(
        Usage(
            calls=1,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost=cost or 0.0,
            unpriced=int(cost is None),
        )
    )
    return cost


def _call(
    function: Callable[[dict[str, Any]], Any],
    name: str,
    kind: str | None,
    *,
    key: str | None,
    scope: Scope | None,
    retries: int,
    cache: bool | None,
    identity: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None,
) -> NamedCall:
    clean = _checked_name(name)
    options = CheckpointOptions(
        retry=policy_of(checked_retries(retries, "kitaru.adapter.run(retries=)")),
        cache=cache,
        type=kind,
        runtime="inline",
    )
    stem = _stem(clean, scope)
    shared = clean if scope is None else f"{scope.base}_{clean}"
    return NamedCall(shared, function, options, like=_shared, stem=stem, key=key, scope=scope, identity=identity)


def adapter_call(inputs: dict[str, Any]) -> Any:
    """Stand for a call whose callable lives in the process of the flow's body."""
    raise KitaruContextError(
        f"A call with the inputs {sorted(inputs)} was to run outside the process of its flow's body, where its function "
        f"does not exist. Calls of kitaru.adapter run where the flow runs; take the resources off the flow's steps."
    )


_shared: Final = Checkpoint(adapter_call, CheckpointOptions())


def _stem(clean: str, scope: Scope | None) -> str:
    return clean if scope is None else f"{scope.name}_{clean}"


def _body() -> scopes.FlowBody | None:
    return scopes.current_body() if scopes.current_checkpoint() is None else None


def _checked_name(name: str) -> str:
    clean = clean_name(name)
    if not clean:
        raise KitaruUsageError(
            f"kitaru.adapter: {name!r} is no name for a checkpoint. Give one with letters or digits."
        )
    return clean
