"""Tools whose calls are checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import ToolMessage, messages_from_dict, messages_to_dict
from langgraph.errors import GraphInterrupt
from langgraph.prebuilt import ToolNode
from langgraph.types import interrupt

from kitaru import adapter
from kitaru_langgraph._scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def durable_tools(tools: Sequence[Any], *, retries: int | Mapping[str, int] = 0, **options: Any) -> ToolNode:
    """Return a node of tools whose calls are checkpoints of the flow that the graph runs in.

    Args:
        tools: Functions and LangChain tools; outside a flow they are simply called.
        retries: Maximum number of retries when the tool raises, of all or by name; 0 by default. A node that
            handles errors of tools (``handle_tool_errors``) turns them into answers, which are not tried again.
        **options: What ``ToolNode`` takes beside them.

    Example:
        >>> tools = durable_tools([search], retries={"search": 2})  # doctest: +SKIP
    """

    def call(request: Any, execute: Any) -> Any:
        def run() -> Any:
            try:
                return execute(request)
            except GraphInterrupt as interruption:  # a question is no failure
                return _OpenQuestion(_question(interruption))

        return _answered(adapter.run(run, **_call_options(request, retries))) if _in_flow() else execute(request)

    async def acall(request: Any, execute: Any) -> Any:
        async def run() -> Any:
            try:
                return await execute(request)
            except GraphInterrupt as interruption:
                return _OpenQuestion(_question(interruption))

        if not _in_flow():
            return await execute(request)
        return _answered(await adapter.run_async(run, **_call_options(request, retries)))

    return ToolNode(tools, wrap_tool_call=call, awrap_tool_call=acall, **options)


def _call_options(request: Any, retries: int | Mapping[str, int]) -> dict[str, Any]:
    """Return how a call is recorded."""
    name = request.tool_call["name"]
    return {
        "name": name,
        "type": "tool_call",
        "inputs": dict(request.tool_call["args"]),
        "key": request.tool_call["id"],
        "scope": current_scope.get(),
        "serializer": _Results(),
        "retries": retries if isinstance(retries, int) else retries.get(name, 0),
    }


def _in_flow() -> bool:
    """Whether calls become checkpoints here; inside one, tools are simply called."""
    place = adapter.current()
    return place is not None and place.in_body


def _question(interruption: GraphInterrupt) -> Any:
    return interruption.args[0][0].value


@dataclass(frozen=True)
class _OpenQuestion:
    """A tool that was interrupted by its question."""

    question: Any


def _answered(result: Any) -> Any:
    """Return a tool's result; a question is asked anew, as what identifies it belongs to the run of the graph."""
    if isinstance(result, _OpenQuestion):
        return interrupt(result.question)
    return result


class _Results:
    def dump(self, value: Any) -> Any:
        if isinstance(value, _OpenQuestion):
            return {"question": value.question}
        return {"message": messages_to_dict([value])[0]} if isinstance(value, ToolMessage) else {"value": value}

    def load(self, stored: Any) -> Any:
        if "question" in stored:
            return _OpenQuestion(stored["question"])
        return messages_from_dict([stored["message"]])[0] if "message" in stored else stored["value"]
