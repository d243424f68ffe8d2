"""Chat models whose calls are checkpoints."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, messages_to_dict
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from kitaru import adapter
from kitaru_langgraph._scope import current_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable


def durable_model(model: BaseChatModel, *, retries: int = 0) -> BaseChatModel:
    """Return a chat model whose calls are checkpoints of the flow that it is called in.

    Args:
        model: The model; outside a flow it is simply called.
        retries: Maximum number of retries when it raises; 0 by default.

    Raises:
        ValueError: It is no chat model of LangChain, or the retries are no whole number.

    Example:
        >>> agent = create_react_agent(durable_model(ChatOpenAI(model="gpt-4o-mini")), tools)  # doctest: +SKIP
    """
    return DurableChatModel(inner=model, retries=retries)


class DurableChatModel(BaseChatModel):
    """A chat model whose calls are checkpoints."""

    inner: BaseChatModel
    retries: int = 0

    @property
    def _llm_type(self) -> str:
        return f"kitaru-{self.inner._llm_type}"  # noqa: SLF001 - what implementations of a chat model offer each other

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, Any]:
        """Bind tools as the model itself would."""
        bound: Any = self.inner.bind_tools(tools, **kwargs)
        return self.bind(**bound.kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,  # noqa: ARG002 - LangChain tells the manager of what this returns
        **kwargs: Any,
    ) -> ChatResult:
        def ask() -> ChatResult:
            result = self.inner._generate(messages, stop=stop, **kwargs)  # noqa: SLF001 - as above
            self._count(result.generations[0].message)
            return result

        return adapter.run(ask, **self._call_options(messages, kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,  # noqa: ARG002 - as above
        **kwargs: Any,
    ) -> ChatResult:
        async def ask() -> ChatResult:
            result = await self.inner._agenerate(messages, stop=stop, **kwargs)  # noqa: SLF001 - as above
            self._count(result.generations[0].message)
            return result

        return await adapter.run_async(ask, **self._call_options(messages, kwargs))

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Pass pieces on while they come; an answer that is read back from the record comes as one."""
        pieces: asyncio.Queue[ChatGenerationChunk | None] = asyncio.Queue()
        streamed = False

        async def ask() -> ChatGenerationChunk:
            whole: ChatGenerationChunk | None = None
            async for piece in self._pieces(messages, stop, kwargs):
                whole = piece if whole is None else whole + piece
                pieces.put_nowait(piece)
            if whole is None:
                raise RuntimeError("The model's stream ended without an answer.")
            self._count(whole.message)
            return whole

        task = asyncio.ensure_future(adapter.run_async(ask, **self._call_options(messages, kwargs)))
        task.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                streamed = True
                if run_manager is not None:
                    await run_manager.on_llm_new_token(piece.text, chunk=piece)
                yield piece
            answer = await task
            if not streamed:
                yield answer
        finally:
            task.cancel()

    async def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> AsyncIterator[ChatGenerationChunk]:
        kind = type(self.inner)
        if kind._astream is BaseChatModel._astream and kind._stream is BaseChatModel._stream:  # noqa: SLF001 - as above
            result = await self.inner._agenerate(messages, stop=stop, **kwargs)  # noqa: SLF001 - as above
            yield _as_chunk(result.generations[0], result.llm_output)
            return
        async for piece in self.inner._astream(messages, stop=stop, **kwargs):  # noqa: SLF001 - as above
            yield piece

    def _call_options(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return how a call is recorded; what was said so far tells it from others that go on at the same time."""
        said = [_content(message) for message in messages]
        key = hashlib.sha256(json.dumps(said, sort_keys=True, default=repr).encode()).hexdigest()[:16]
        return {
            "name": "model",
            "type": "llm_call",
            # What came before is recorded with the calls before it.
            "inputs": {
                "model": self._name,
                "messages": messages_to_dict(messages[-1:]),
                "messages_before": len(messages) - 1,
                "tools": [tool.get("function", tool).get("name") for tool in kwargs.get("tools", ()) if tool],
            },
            "key": key,
            "scope": current_scope.get(),
            "serializer": adapter.ObjectSerializer(),
            "retries": self.retries,
        }

    def _count(self, message: BaseMessage) -> None:
        assert isinstance(message, AIMessage)
        usage: Any = message.usage_metadata or {}
        adapter.record_usage(
            model=str(message.response_metadata.get("model_name") or self._name),
            input_tokens=usage.get("input_tokens", 0),
            output_tokens=usage.get("output_tokens", 0),
            cache_read_tokens=(usage.get("input_token_details") or {}).get("cache_read", 0),
        )

    @property
    def _name(self) -> str:
        name = getattr(self.inner, "model_name", None) or getattr(self.inner, "model", None)
        return str(name or type(self.inner).__name__)


def _as_chunk(generation: ChatGeneration, llm_output: Mapping[str, Any] | None) -> ChatGenerationChunk:
    message = generation.message
    if not isinstance(message, AIMessageChunk):
        assert isinstance(message, AIMessage)
        message = AIMessageChunk(**message.model_dump(exclude={"type"}))
    # LangChain adds both to the message's metadata; a chunk has but one place for them.
    info = {**(llm_output or {}), **(generation.generation_info or {})}
    return ChatGenerationChunk(message=message, generation_info=info or None)


def _content(message: BaseMessage) -> list[Any]:
    """Return what a message says, without the id that it is given anew each time."""
    calls = getattr(message, "tool_calls", None)
    return [
        message.type.removesuffix("MessageChunk").lower(),
        message.content,
        calls,
        getattr(message, "tool_call_id", None),
    ]
