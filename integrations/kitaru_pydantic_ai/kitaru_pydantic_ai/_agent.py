"""An agent that is durable in flows, made of one that is not."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic_ai.agent import AbstractAgent, WrapperAgent
from pydantic_ai.output import OutputDataT
from pydantic_ai.tools import AgentDepsT

from kitaru_pydantic_ai._durability import KitaruDurability
from kitaru_pydantic_ai._events import RunHandler, given_to_next_run, run_handler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from pydantic_ai.agent import EventStreamHandler
    from pydantic_ai.capabilities import AgentCapability
    from pydantic_ai.models import Model
    from pydantic_ai.run import AgentRun


class KitaruAgent(WrapperAgent[AgentDepsT, OutputDataT]):
    """A PydanticAI agent whose model requests and tool calls are checkpoints of the flow that it runs in.

    It is used as the agent it wraps, which stays as it is. Everywhere else than in a flow's body both do the same.

    Example:
        >>> agent = KitaruAgent(Agent("openai-chat:gpt-4o-mini", name="writer"))  # doctest: +SKIP
        >>> agent.run_sync("Write a line about the tides.").output  # doctest: +SKIP
    """

    def __init__(
        self,
        wrapped: AbstractAgent[AgentDepsT, OutputDataT],
        *,
        name: str | None = None,
        models: Mapping[str, Model] | None = None,
        event_stream_handler: EventStreamHandler[AgentDepsT] | None = None,
        model_retries: int = 0,
        tool_retries: int = 0,
        approvals: bool = True,
        approval_timeout: float = 600,
    ) -> None:
        """Wrap an agent.

        Args:
            wrapped: The agent. It has a model, and a name unless one is given here.
            name: What the names of its checkpoints begin with; ``"agent"`` where neither has one.
            models: As of :class:`KitaruDurability`.
            event_stream_handler: The same.
            model_retries: The same.
            tool_retries: The same.
            approvals: The same.
            approval_timeout: The same.
        """
        super().__init__(wrapped)
        self.durability: KitaruDurability[AgentDepsT] = KitaruDurability(
            name=name or wrapped.name or "agent",
            models=models,
            event_stream_handler=event_stream_handler,
            model_retries=model_retries,
            tool_retries=tool_retries,
            approvals=approvals,
            approval_timeout=approval_timeout,
        )

    if not TYPE_CHECKING:  # the overloads of the wrapped agent tell the type of its output

        async def run(self, user_prompt: Any = None, *, event_stream_handler: Any = None, **kwargs: Any) -> Any:
            """Run the agent; arguments as of the wrapped agent's ``run``.

            Raises:
                Exception: As of :meth:`iter`.
            """
            if event_stream_handler is None or not self.durability.in_durable_context:
                return await super().run(user_prompt, event_stream_handler=event_stream_handler, **kwargs)
            handler = RunHandler(event_stream_handler, until_final=False)
            with given_to_next_run(handler):
                return await super().run(user_prompt, event_stream_handler=handler.in_body, **kwargs)

        @asynccontextmanager
        async def run_stream(
            self, user_prompt: Any = None, *, event_stream_handler: Any = None, **kwargs: Any
        ) -> AsyncGenerator[Any]:
            """Run the agent and stream its final answer; arguments as of the wrapped agent's ``run_stream``.

            Raises:
                Exception: As of :meth:`iter`.
            """
            handler = None
            if event_stream_handler is not None and self.durability.in_durable_context:
                handler = RunHandler(event_stream_handler, until_final=True)
                event_stream_handler = handler.in_body
            run = super().run_stream(user_prompt, event_stream_handler=event_stream_handler, **kwargs)
            async with AsyncExitStack() as stack:
                with given_to_next_run(handler):
                    streamed = await stack.enter_async_context(run)
                yield streamed

    @asynccontextmanager
    async def iter(
        self,
        user_prompt: Any = None,
        *,
        capabilities: Sequence[AgentCapability[AgentDepsT]] | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[AgentRun[AgentDepsT, Any]]:
        """Run the agent step by step; all other ways to run it go through here.

        Raises:
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            pydantic_ai.exceptions.UserError: A tool's ``metadata={"kitaru": ...}`` is wrong.
            Exception: What the wrapped agent raises.
        """
        handler = run_handler.get()
        run_handler.set(None)  # it is this run's, and not that of the agents which tools of it run
        durability = self.durability if handler is None else self.durability.with_run_handler(handler)
        own = [*(capabilities or ()), durability]
        async with super().iter(user_prompt, capabilities=own, **kwargs) as run:
            yield run
