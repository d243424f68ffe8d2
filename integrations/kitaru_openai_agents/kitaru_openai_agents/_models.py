"""Models whose requests are checkpoints."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agents import Model, ModelProvider, ModelResponse
from openai.types.responses import ResponseCompletedEvent, ResponseOutputItemDoneEvent
from pydantic_core import to_jsonable_python

from kitaru import adapter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from agents.items import TResponseStreamEvent

# What is recorded of a request's settings; others may hold headers with keys.
_SETTINGS = ("temperature", "top_p", "max_tokens", "tool_choice", "parallel_tool_calls")


class DurableModel(Model):
    """A model whose requests are checkpoints of the flow."""

    def __init__(self, inner: Model, scope: adapter.Scope | None, retries: int) -> None:
        """Wrap a model.

        Args:
            inner: The model.
            scope: The run that the requests belong to; None inside a checkpoint.
            retries: Maximum number of retries when it raises.
        """
        self._inner = inner
        self._scope = scope
        self._retries = retries

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """Ask, as a checkpoint."""

        async def ask() -> ModelResponse:
            response = await self._inner.get_response(*args, **kwargs)
            usage = response.usage
            self._record(usage.input_tokens, usage.output_tokens, usage.input_tokens_details)
            return response

        answered: ModelResponse = await self._checkpoint(ask, args, kwargs)
        return answered

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[TResponseStreamEvent]:
        """Ask, as a checkpoint, and pass pieces on while they come; of a recorded answer there is its end only."""
        events: asyncio.Queue[TResponseStreamEvent] = asyncio.Queue()

        async def ask() -> ResponseCompletedEvent:
            completed = await _end_of(self._inner.stream_response(*args, **kwargs), events)
            usage = completed.response.usage
            if usage is not None:
                self._record(usage.input_tokens, usage.output_tokens, usage.input_tokens_details)
            return completed

        task = asyncio.ensure_future(self._checkpoint(ask, args, kwargs))
        try:
            while not task.done() or not events.empty():
                coming = asyncio.ensure_future(events.get())
                await asyncio.wait({task, coming}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    yield coming.result()
                else:
                    coming.cancel()
            yield task.result()
        finally:
            task.cancel()

    async def close(self) -> None:
        """Leave the model open: its owner closes it."""

    async def _checkpoint(self, ask: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        names = ("system_instructions", "input", "model_settings")
        arguments = {**dict(zip(names, args, strict=False)), **kwargs}
        items = arguments.get("input")
        settings = arguments.get("model_settings")
        return await adapter.run_async(
            ask,
            name="model",
            type="llm_call",
            inputs={
                "model": self._name,
                "instructions": arguments.get("system_instructions"),
                # What came before is recorded with the requests before it.
                "input": to_jsonable_python(items[-1:] if isinstance(items, list) else items, fallback=repr),
                "items_before": len(items) - 1 if isinstance(items, list) else 0,
                "settings": {
                    name: to_jsonable_python(value, fallback=repr)
                    for name in _SETTINGS
                    if (value := getattr(settings, name, None)) is not None
                },
            },
            scope=self._scope,
            serializer=adapter.ObjectSerializer(),
            retries=self._retries,
        )

    def _record(self, read: int, written: int, details: Any) -> None:
        adapter.record_usage(
            model=self._name,
            provider="openai",
            input_tokens=read,
            output_tokens=written,
            cache_read_tokens=getattr(details, "cached_tokens", None) or 0,
        )

    @property
    def _name(self) -> str:
        return str(getattr(self._inner, "model", None) or type(self._inner).__name__)


class DurableProvider(ModelProvider):
    """A provider of durable models."""

    def __init__(self, inner: ModelProvider, make: Callable[[Model], Model]) -> None:
        """Wrap a provider.

        Args:
            inner: The provider.
            make: Makes a durable model of one.
        """
        self._inner = inner
        self._make = make

    def get_model(self, model_name: str | None) -> Model:
        """Return a model by name, made durable."""
        return self._make(self._inner.get_model(model_name))


async def _end_of(
    stream: AsyncIterator[TResponseStreamEvent], events: asyncio.Queue[TResponseStreamEvent]
) -> ResponseCompletedEvent:
    """Pass events on, and return the last one with all that the answer holds."""
    completed: ResponseCompletedEvent | None = None
    items: list[Any] = []
    async for event in stream:
        if isinstance(event, ResponseCompletedEvent):
            completed = event
            continue
        events.put_nowait(event)
        if isinstance(event, ResponseOutputItemDoneEvent):
            items.append(event.item)
    if completed is None:
        raise RuntimeError("The model's stream ended before its answer was complete.")
    # Some models leave out of it what the events before it said, which are not recorded.
    completed.response.output = completed.response.output or items
    return completed
