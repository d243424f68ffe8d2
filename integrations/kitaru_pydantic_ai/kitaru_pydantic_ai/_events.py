"""A handler of events that is given to one run: it gets the pieces of answers while they come."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, get_args

from pydantic_ai.capabilities import ProcessEventStream
from pydantic_ai.messages import FinalResultEvent, ModelResponseStreamEvent
from pydantic_ai.tools import AgentDepsT

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterator

    from pydantic_ai import RunContext
    from pydantic_ai.agent import EventStreamHandler
    from pydantic_ai.messages import AgentStreamEvent

_PIECES = get_args(get_args(ModelResponseStreamEvent)[0])

run_handler: ContextVar[RunHandler[Any] | None] = ContextVar("kitaru_pydantic_ai_run_handler", default=None)
"""The handler of the run that is about to begin."""


class RunHandler(Generic[AgentDepsT]):
    """Gives a handler each answer once: live from within the request, or as it is read back from the record."""

    def __init__(self, handler: EventStreamHandler[AgentDepsT], *, until_final: bool) -> None:
        """Wrap a handler.

        Args:
            handler: The handler.
            until_final: Whether it gets no events after the one that tells of the final result, as in ``run_stream``.
        """
        self._handler = handler
        self._until_final = until_final
        self._was_live = False

    async def live(self, context: RunContext[AgentDepsT], events: AsyncIterable[AgentStreamEvent]) -> None:
        """Pass on the events of an answer while the model writes it."""
        self._was_live = True
        await self._handler(context, _up_to_final(events) if self._until_final else events)

    async def in_body(self, context: RunContext[AgentDepsT], events: AsyncIterable[AgentStreamEvent]) -> None:
        """Pass on what PydanticAI tells in the flow's body: events of tools, and an answer once more when it is there."""
        stream = aiter(events)
        first = await anext(stream, None)
        was_live, self._was_live = self._was_live, False
        if was_live and isinstance(first, _PIECES):
            return
        await self._handler(context, _with_first(first, stream))


@contextmanager
def given_to_next_run(handler: RunHandler[Any] | None) -> Iterator[None]:
    """Give a handler to the run that begins within this block, and to none after it where that one does not begin."""
    token = run_handler.set(handler)
    try:
        yield
    finally:
        run_handler.reset(token)


async def _up_to_final(events: AsyncIterable[AgentStreamEvent]) -> AsyncIterator[AgentStreamEvent]:
    async for event in events:
        yield event
        if isinstance(event, FinalResultEvent):
            return


async def _with_first(
    first: AgentStreamEvent | None, others: AsyncIterator[AgentStreamEvent]
) -> AsyncIterator[AgentStreamEvent]:
    if first is None:
        return
    yield first
    async for event in others:
        yield event


def both(one: EventStreamHandler[AgentDepsT], other: EventStreamHandler[AgentDepsT]) -> EventStreamHandler[AgentDepsT]:
    """Return a handler that passes events on to two."""

    async def handle(context: RunContext[AgentDepsT], events: AsyncIterable[AgentStreamEvent]) -> None:
        observed = ProcessEventStream(other).wrap_run_event_stream(context, stream=events)
        await one(context, observed)
        async for _ in observed:  # what the first one left, the other one gets
            pass

    return handle
