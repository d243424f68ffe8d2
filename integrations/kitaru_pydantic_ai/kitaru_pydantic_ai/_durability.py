"""The capability that makes a PydanticAI agent durable in the flows that it runs in."""

from __future__ import annotations

from copy import copy
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

from pydantic_ai.durable_exec import BaseDurabilityCapability, DurabilityEngineSpec
from pydantic_ai.exceptions import UserError
from pydantic_ai.tools import AgentDepsT, DeferredToolResults, ToolDenied

from kitaru import adapter
from kitaru_pydantic_ai._backend import Backend, OperationConfig, ToolOptions, record, scope_of
from kitaru_pydantic_ai._codec import Codec
from kitaru_pydantic_ai._events import both

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_ai import RunContext
    from pydantic_ai.agent import EventStreamHandler
    from pydantic_ai.capabilities import WrapModelRequestHandler
    from pydantic_ai.durable_exec import DurableOperationId
    from pydantic_ai.messages import ModelResponse, ToolCallPart
    from pydantic_ai.models import Model, ModelRequestContext, ModelRequestParameters
    from pydantic_ai.tools import DeferredToolRequests

    from kitaru_pydantic_ai._events import RunHandler

_METADATA_KEY = "kitaru"
_OPTIONS = frozenset(ToolOptions.__annotations__)
_CLIPPED = 200


class KitaruDurability(BaseDurabilityCapability[AgentDepsT]):
    """Makes each model request and each tool call of an agent a checkpoint of the flow that the agent runs in.

    Outside a flow, and inside another checkpoint, the agent works as if it were not there; in a checkpoint the tokens
    count as used by that.

    Example:
        >>> agent = Agent("openai-chat:gpt-4o-mini", name="writer", capabilities=[KitaruDurability()])  # doctest: +SKIP
    """

    engine_spec: ClassVar[DurabilityEngineSpec] = DurabilityEngineSpec(
        engine_name="Kitaru",
        durable_unit_noun="checkpoint",
        durable_container_noun="flow",
        codec=Codec(),
        unsupported_runtime_toolset_kinds=frozenset({"function", "mcp", "dynamic"}),
        # Checkpoints of an agent run in the flow's own process, so that its MCP sessions live as long as its run.
        toolset_lifecycles={"function": "enter-always", "mcp": "enter-always", "dynamic": "enter-never"},
        # Which tools there are is asked anew in each attempt: it costs no model call.
        journal_discovery=False,
        tool_config_key=_METADATA_KEY,
    )

    def __init__(
        self,
        *,
        name: str | None = None,
        models: Mapping[str, Model] | None = None,
        event_stream_handler: EventStreamHandler[AgentDepsT] | None = None,
        model_retries: int = 0,
        tool_retries: int = 0,
        approvals: bool = True,
        approval_timeout: float = 600,
    ) -> None:
        """Create the capability.

        Args:
            name: What the names of the agent's checkpoints begin with; the agent's own name by default.
            models: Models by key, beside the agent's own, that a run may be given as ``model=``.
            event_stream_handler: Gets the events of streamed answers while they come, inside the checkpoint of the
                request, and those of tools. An answer that is read back from the record is not streamed again.
            model_retries: Maximum number of retries when a model request raises; 0 by default.
            tool_retries: The same for calls of tools; a tool's own ``metadata={"kitaru": {"retries": 2}}`` goes before
                it, and ``metadata={"kitaru": False}`` makes its calls no checkpoints.
            approvals: Whether tools that need an approval, or a result from outside, ask for it by ``kitaru.wait``.
                Otherwise the run ends with them, as in PydanticAI.
            approval_timeout: Seconds for which the runner stays and looks for the answer, as of ``kitaru.wait``; 600 by
                default.
        """
        super().__init__(models=models, event_stream_handler=event_stream_handler, name=name)
        self._model_options = ToolOptions(retries=model_retries)
        self._tool_options = ToolOptions(retries=tool_retries)
        self._approvals = approvals
        self._approval_timeout = approval_timeout
        self._run_handler: RunHandler[AgentDepsT] | None = None

    def with_run_handler(self, handler: RunHandler[AgentDepsT]) -> Self:
        """Return the capability for one run, whose handler gets the pieces of answers while they come."""
        made = copy(self)
        made._run_handler = handler  # noqa: SLF001 - of the copy
        return made

    @property
    def in_durable_context(self) -> bool:
        """Whether this is a flow's body."""
        place = adapter.current()
        return place is not None and place.in_body

    def get_durable_operation_backend(self) -> Backend:
        """Return what runs operations as checkpoints."""
        options = ToolOptions()
        config = OperationConfig(
            model=self._model_options,
            event=options,
            capability=options,
            tool=self._tool_options,
            resolve_tool=self._options_of,
        )
        return Backend(self.name, config)

    def _options_of(self, _: DurableOperationId, tool: object | None, tool_name: str) -> ToolOptions | Literal[False]:
        definition = getattr(tool, "tool_def", None)
        own = (definition.metadata or {}).get(_METADATA_KEY) if definition is not None else None
        if own is None:
            return self._tool_options
        if own is False:
            return False
        unknown = set(own) - _OPTIONS if isinstance(own, dict) else {repr(own)}
        if unknown:
            raise UserError(
                f"Tool {tool_name!r} has metadata {{'kitaru': {own!r}}}. It is False, or a dict of "
                f"{' and '.join(sorted(_OPTIONS))}."
            )
        return cast("ToolOptions", {**self._tool_options, **own})

    async def wrap_model_request(
        self,
        ctx: RunContext[AgentDepsT],
        *,
        request_context: ModelRequestContext,
        handler: WrapModelRequestHandler,
    ) -> ModelResponse:
        """Make the request a checkpoint; inside one, add what it took to what that has used.

        Raises:
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What the model raises.
        """
        if self._asks:
            request_context.model_request_parameters = _without_deferring(request_context.model_request_parameters)
        response = await super().wrap_model_request(ctx, request_context=request_context, handler=handler)
        place = adapter.current()
        if place is not None and not place.in_body:
            record(response.model_name, response.provider_name, asdict(response.usage))
        return response

    async def handle_deferred_tool_calls(
        self, ctx: RunContext[AgentDepsT], *, requests: DeferredToolRequests
    ) -> DeferredToolResults | None:
        """Ask a person for approvals, and for results that come from outside, one after the other.

        Raises:
            KitaruUsageError: The agent's name has no letter and no digit.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
        """
        if not self._asks:
            return None
        scope = scope_of(self.name, ctx)
        results = DeferredToolResults()
        for call in requests.approvals:
            question = f"May {self.name} call {_shown(call)}?"
            approved = await self._ask(question, bool, f"{scope.name}_approve_{call.tool_name}", call, requests)
            results.approvals[call.tool_call_id] = approved or ToolDenied()
        for call in requests.calls:
            question = f"What is the result of {_shown(call)}, which {self.name} asks for?"
            answer = await self._ask(question, Any, f"{scope.name}_{call.tool_name}", call, requests)
            results.calls[call.tool_call_id] = answer
        return results

    @property
    def _asks(self) -> bool:
        return self._approvals and self.in_durable_context

    def _model_stream_event_handler(self) -> EventStreamHandler[AgentDepsT] | None:
        """Return who gets the pieces of an answer within its request; a hook of PydanticAI's for engines."""
        own = super()._model_stream_event_handler()
        if self._run_handler is None or own is None:
            return own if self._run_handler is None else self._run_handler.live
        return both(own, self._run_handler.live)

    async def _ask(
        self, question: str, schema: Any, name: str, call: ToolCallPart, requests: DeferredToolRequests
    ) -> Any:
        known = requests.metadata.get(call.tool_call_id, {})
        metadata = {"tool": call.tool_name, "arguments": call.args_as_dict(), **known}
        return await adapter.wait(
            schema, name=name, question=question, timeout=self._approval_timeout, metadata=metadata
        )


def _without_deferring(parameters: ModelRequestParameters) -> ModelRequestParameters:
    """Return what a request offers, without the mark of tools that a person is asked about.

    A streamed run would take a call of one for its end. It is asked about all the same: the tool itself is as it was.
    """
    tools = [replace(tool, kind="function") if tool.defer else tool for tool in parameters.function_tools]
    return replace(parameters, function_tools=tools)


def _shown(call: ToolCallPart) -> str:
    arguments = ", ".join(f"{key}={value!r}" for key, value in call.args_as_dict().items())
    return f"{call.tool_name}({arguments if len(arguments) <= _CLIPPED else f'{arguments[:_CLIPPED]}…'})"
