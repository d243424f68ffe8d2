"""PydanticAI's durable operations as checkpoints: which of them become one, under which name, and what is recorded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from pydantic_ai import RunContext
from pydantic_ai.durable_exec import (
    CallableOperationBackend,
    CapabilityOperationId,
    JournalOperationNamer,
    ModelCompactMessagesId,
    ModelRequestId,
    RoleBasedOperationConfig,
    ToolsetCallToolId,
)
from pydantic_ai.messages import ModelMessagesTypeAdapter
from pydantic_core import to_jsonable_python

from kitaru import adapter
from kitaru_pydantic_ai._codec import response_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from pydantic_ai.durable_exec import DurableOperationId

# What is recorded of a request's settings; others may hold headers with keys.
_MARKS = frozenset({"timestamp", "run_id", "conversation_id"})
_SETTINGS = ("max_tokens", "temperature", "top_p", "seed", "parallel_tool_calls", "thinking")


class ToolOptions(TypedDict, total=False):
    """How a tool's calls are recorded; as ``metadata={"kitaru": {...}}`` of the tool.

    Attributes:
        retries: Maximum number of retries when the tool raises, each time at once.
        cache: Whether a result that the tool returned to another execution for the same arguments may be taken.
    """

    retries: int
    cache: bool


OperationConfig = RoleBasedOperationConfig[ToolOptions]


class Backend(CallableOperationBackend[ToolOptions]):
    """Runs operations as checkpoints of the flow that the agent runs in."""

    def __init__(self, agent_name: str, config: OperationConfig) -> None:
        """Create the backend.

        Args:
            agent_name: What the names of the agent's checkpoints begin with.
            config: Options by operation.
        """
        super().__init__(namer=_Namer(agent_name), config=config)
        self._agent_name = agent_name

    async def execute(
        self,
        *,
        operation_id: DurableOperationId,
        name: str,
        body: Callable[[], Awaitable[object]],
        cache_key: tuple[object, ...],
        config: ToolOptions,
    ) -> object:
        """Run one operation; what costs nothing and does nothing (listing tools, events) is no checkpoint."""
        context = next((part for part in cache_key if isinstance(part, RunContext)), None)
        kind: str | None = None
        inputs: dict[str, Any] | None = None
        match operation_id:
            case ModelRequestId():
                kind, body, inputs = "llm_call", _with_usage(body), _model_inputs(operation_id, cache_key)
            case ToolsetCallToolId():
                kind, inputs = "tool_call", to_jsonable_python(cache_key[1], fallback=repr)
            case ModelCompactMessagesId() | CapabilityOperationId():
                pass
            case _:
                context = None
        if context is None:
            return await body()
        return await adapter.run_async(
            body,
            name=name,
            type=kind,
            inputs=inputs,
            key=context.tool_call_id if kind == "tool_call" else None,
            scope=scope_of(self._agent_name, context),
            retries=config.get("retries", 0),
            cache=config.get("cache", False),
            identity=_lasting,
        )


class _Namer(JournalOperationNamer):
    """Names a checkpoint by what is done; the agent's name is put before it."""

    def operation_name(self, operation_id: DurableOperationId) -> str:
        match operation_id:
            case ModelRequestId():
                return "model"
            case ModelCompactMessagesId():
                return "compact"
            case CapabilityOperationId(capability_id=capability_id, operation=operation):
                return f"{capability_id}_{operation}"
            case _:
                return super().operation_name(operation_id)

    def invocation_name(self, operation_id: DurableOperationId, *, label: str | None) -> Any:
        name = super().invocation_name(operation_id, label=label)
        return replace(name, operation_name=label) if label is not None else name


def scope_of(agent_name: str, context: RunContext[Any]) -> adapter.Scope:
    """Return the scope of an agent's run: what it was asked tells it from runs that go on at the same time."""
    prompt = json.dumps(to_jsonable_python(context.prompt, fallback=repr), sort_keys=True)
    return adapter.scope(agent_name, key=hashlib.sha256(prompt.encode()).hexdigest()[:16], run=context.run_id)


def _with_usage(body: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    async def request() -> object:
        payload = await body()
        response = response_in(payload)
        record(response.get("model_name"), response.get("provider_name"), response["usage"])
        return payload

    return request


def record(model: str | None, provider: str | None, usage: dict[str, Any]) -> None:
    """Add a model request to what the checkpoint has used."""
    counted = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    adapter.record_usage(
        model=model or "unknown", provider=provider, **{name: int(usage.get(name) or 0) for name in counted}
    )


def _lasting(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out of messages what PydanticAI makes anew for each run: moments, and ids of runs."""
    messages = [
        {**_without_marks(message), "parts": [_without_marks(part) for part in message.get("parts", ())]}
        for message in inputs.get("messages", ())
    ]
    return {**inputs, "messages": messages} if messages else inputs


def _without_marks(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in _MARKS}


def _model_inputs(operation_id: ModelRequestId, cache_key: tuple[object, ...]) -> dict[str, Any]:
    """Return what is new in a request: what came before is recorded with the requests before it."""
    messages: Any = cache_key[1]
    settings: Any = cache_key[2] or {}
    return {
        "model": operation_id.model_id or operation_id.model_name,
        "messages": ModelMessagesTypeAdapter.dump_python(messages[-1:], mode="json"),
        "messages_before": len(messages) - 1,
        "settings": {name: settings[name] for name in _SETTINGS if name in settings},
    }
