"""Running agents so that what they do is recorded."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents import Agent, FunctionTool, Handoff, Model, RunConfig, Runner, RunState
from pydantic_core import to_jsonable_python

from kitaru import adapter
from kitaru_openai_agents._models import DurableModel, DurableProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agents import RunResult, RunResultStreaming, TResponseInputItem
    from agents.items import ToolApprovalItem

_CLIPPED = 200
_threads = threading.local()


class KitaruRunner:
    """Runs agents as ``agents.Runner`` does; in a flow each model request and each tool call is a checkpoint.

    Outside a flow it is that runner. Inside another checkpoint agents run as ever, and their tokens count as used by it.

    Example:
        >>> runner = KitaruRunner(tool_retries={"search": 2})  # doctest: +SKIP
        >>> runner.run_sync(agent, "When is low tide in Husum?").final_output  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        model_retries: int = 0,
        tool_retries: int | Mapping[str, int] = 0,
        approvals: bool = True,
        approval_timeout: float = 600,
    ) -> None:
        """Create the runner.

        Args:
            model_retries: Maximum number of retries when a model request raises; 0 by default.
            tool_retries: The same for calls of tools, of all or by name. A tool whose ``failure_error_function`` turns
                its errors into an answer does not raise.
            approvals: Whether tools that need an approval ask for it by ``kitaru.wait``; else the run ends with
                interruptions, as without Kitaru. A streamed run always does.
            approval_timeout: Seconds for which the runner stays and looks for the answer, as of ``kitaru.wait``; 600 by
                default.
        """
        self._model_retries = model_retries
        self._tool_retries = tool_retries
        self._approvals = approvals
        self._approval_timeout = approval_timeout

    async def run(
        self, agent: Agent[Any], input: str | list[TResponseInputItem] | RunState[Any], **options: Any
    ) -> RunResult:
        """Run an agent; arguments as of ``Runner.run``.

        Raises:
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What ``agents.Runner`` raises.
        """
        place = adapter.current()
        if place is None:
            return await Runner.run(agent, input, **options)
        run = self._begin(agent, input, options)
        result = await Runner.run(run.agent, input, **run.options)
        while place.in_body and self._approvals and result.interruptions:
            state = result.to_state()
            for item in result.interruptions:
                if await self._ask(run, item):
                    state.approve(item)
                else:
                    state.reject(item)
            result = await Runner.run(run.agent, state, **run.options)
        return result

    def run_sync(
        self, agent: Agent[Any], input: str | list[TResponseInputItem] | RunState[Any], **options: Any
    ) -> RunResult:
        """Run an agent in code that is not async; arguments as of ``Runner.run_sync``.

        Raises:
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What ``agents.Runner`` raises.
        """
        if adapter.current() is None:
            return Runner.run_sync(agent, input, **options)
        if not hasattr(_threads, "loop"):  # clients keep connections that belong to one loop
            _threads.loop = asyncio.new_event_loop()
        result: RunResult = _threads.loop.run_until_complete(self.run(agent, input, **options))
        return result

    def run_streamed(
        self, agent: Agent[Any], input: str | list[TResponseInputItem] | RunState[Any], **options: Any
    ) -> RunResultStreaming:
        """Run an agent and stream what it does; arguments as of ``Runner.run_streamed``.

        Pieces of an answer come while the model writes it; of one that is read back from the record, its end only.

        Raises:
            KitaruUsageError: The agent's name has no letter and no digit. While events are read: as of ``run``.
        """
        if adapter.current() is None:
            return Runner.run_streamed(agent, input, **options)
        run = self._begin(agent, input, options)
        return Runner.run_streamed(run.agent, input, **run.options)

    def _begin(self, agent: Agent[Any], run_input: Any, options: dict[str, Any]) -> _Run:
        place = adapter.current()
        scope = None
        if place is not None and place.in_body:
            scope = adapter.scope(agent.name, key=_digest(run_input), run=object())
        return _Run(agent, scope, options, self._model_retries, self._tool_retries)

    async def _ask(self, run: _Run, item: ToolApprovalItem) -> bool:
        arguments = item.arguments or ""
        shown = arguments if len(arguments) <= _CLIPPED else f"{arguments[:_CLIPPED]}…"
        assert run.scope is not None
        return bool(
            await adapter.wait(
                bool,
                name=f"{run.scope.name}_approve_{item.name}",
                question=f"May {item.agent.name} call {item.name}({shown})?",
                timeout=self._approval_timeout,
                metadata={"tool": item.name, "arguments": arguments},
            )
        )


class _Run:
    """One run: the agents in it, made durable, and the options that lead them to durable models."""

    def __init__(
        self,
        agent: Agent[Any],
        scope: adapter.Scope | None,
        options: dict[str, Any],
        model_retries: int,
        tool_retries: int | Mapping[str, int],
    ) -> None:
        self.scope = scope
        self._model_retries = model_retries
        self._tool_retries = tool_retries
        self._known: dict[int, Agent[Any]] = {}
        self.agent = self._durable(agent)
        config = options.get("run_config") or RunConfig()
        config = RunConfig(**config) if isinstance(config, dict) else config
        self.options = {
            **options,
            "run_config": replace(
                config,
                model=self._model(config.model) if isinstance(config.model, Model) else config.model,
                model_provider=DurableProvider(config.model_provider, self._model),
            ),
        }

    def _model(self, model: Model) -> Model:
        return model if isinstance(model, DurableModel) else DurableModel(model, self.scope, self._model_retries)

    def _durable(self, agent: Agent[Any]) -> Agent[Any]:
        """Return a copy of an agent, and of those it hands over to, whose models and tools are durable."""
        known = self._known.get(id(agent))
        if known is not None:
            return known
        model = self._model(agent.model) if isinstance(agent.model, Model) else agent.model
        tools = [self._tool(tool) if isinstance(tool, FunctionTool) else tool for tool in agent.tools]
        made = self._known[id(agent)] = agent.clone(model=model, tools=tools)
        self._known[id(made)] = made
        made.handoffs = [
            self._handoff(target) if isinstance(target, Handoff) else self._durable(target) for target in agent.handoffs
        ]
        return made

    def _handoff(self, handoff: Handoff[Any, Any]) -> Handoff[Any, Any]:
        async def hand_over(context: Any, arguments: str) -> Any:
            return self._durable(await handoff.on_invoke_handoff(context, arguments))

        return replace(handoff, on_invoke_handoff=hand_over)

    def _tool(self, tool: FunctionTool) -> FunctionTool:
        retries = self._tool_retries if isinstance(self._tool_retries, int) else self._tool_retries.get(tool.name, 0)
        made = copy(tool)
        inner = made.on_invoke_tool

        async def invoke(context: Any, arguments: str) -> Any:
            return await adapter.run_async(
                lambda: inner(context, arguments),
                name=tool.name,
                type="tool_call",
                inputs=_inputs(arguments),
                key=context.tool_call_id,
                scope=self.scope,
                retries=retries,
            )

        made.on_invoke_tool = invoke
        return made


def _inputs(arguments: str) -> dict[str, Any]:
    try:
        values = json.loads(arguments) if arguments else {}
    except ValueError:
        values = arguments
    return values if isinstance(values, dict) else {"arguments": values}


def _digest(run_input: str | list[TResponseInputItem] | RunState[Any]) -> str:
    """Return what tells runs of an agent apart that go on at the same time."""
    original = run_input.to_json().get("original_input") if isinstance(run_input, RunState) else run_input
    return hashlib.sha256(json.dumps(to_jsonable_python(original, fallback=repr), sort_keys=True).encode()).hexdigest()[
        :16
    ]
