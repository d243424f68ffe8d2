"""Tools whose calls are checkpoints, and whose questions are asked one by one."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.errors import GraphInterrupt
from langgraph.graph import END, START, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Interrupt, Send, interrupt

from kitaru import adapter
from kitaru_langgraph._scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langgraph.prebuilt.tool_node import ToolCallWithContext


def durable_tools(tools: Sequence[Any], *, retries: int | Mapping[str, int] = 0, **options: Any) -> ToolNode:
    """Return a node of tools whose calls are checkpoints of the flow that the graph runs in.

    Where several calls of one answer ask by ``interrupt``, a person is asked about each of them, and each gets the answer
    to its own question. Calls that have been made meanwhile are not made again.

    Args:
        tools: Functions and LangChain tools; outside a flow they are simply called.
        retries: Maximum number of retries when the tool raises, of all or by name; 0 by default. A node that
            handles errors of tools (``handle_tool_errors``) turns them into answers, which are not tried again.
        **options: What ``ToolNode`` takes beside them.

    Example:
        >>> tools = durable_tools([search], retries={"search": 2})  # doctest: +SKIP
    """
    return DurableToolNode(tools, retries, **options)


class DurableToolNode(ToolNode):
    """A node of tools whose calls are checkpoints.

    LangGraph gives the answers to a node's interrupts by the order in which they come, which differs where calls run
    concurrently, so that one call may get the answer to another. Calls that ask are therefore made once more as tasks of
    a graph of their own, one each: LangGraph tells the interrupts of tasks apart.
    """

    def __init__(self, tools: Sequence[Any], retries: int | Mapping[str, int], **options: Any) -> None:
        """Create the node; arguments as of ``durable_tools``."""
        super().__init__(tools, wrap_tool_call=self._call, awrap_tool_call=self._acall, **options)
        self._retries = retries
        self._interrupted: dict[tuple[str, str], _Calls] = {}
        building = StateGraph(_Asking)
        one: Any = RunnableLambda(self._alone, afunc=self._aalone)  # gets what is sent to it, not the state
        building.add_node("call", one)
        building.add_conditional_edges(START, _one_task_each, ["call"])
        building.add_edge("call", END)
        self._asking = building.compile()

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Make the calls of a message.

        Raises:
            Exception: What the tools raise, unless the node handles it.
        """
        if not _in_flow():
            return super().invoke(input, config, **kwargs)
        with self._task(config) as calls:
            if not calls.asking:
                result = super().invoke(input, config, **kwargs)
                if not calls.asking:
                    return result
            self._asking.invoke({"calls": calls.in_order()}, config)
            calls.are_complete = True
            return super().invoke(input, config, **kwargs)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Make the calls of a message.

        Raises:
            Exception: What the tools raise, unless the node handles it.
        """
        if not _in_flow():
            return await super().ainvoke(input, config, **kwargs)
        with self._task(config) as calls:
            if not calls.asking:
                result = await super().ainvoke(input, config, **kwargs)
                if not calls.asking:
                    return result
            await self._asking.ainvoke({"calls": calls.in_order()}, config)
            calls.are_complete = True
            return await super().ainvoke(input, config, **kwargs)

    @contextmanager
    def _task(self, config: RunnableConfig | None) -> Iterator[_Calls]:
        """Bring the calls of the running task, those of an earlier pass where that was interrupted."""
        place = (config or {}).get("configurable", {})
        task = (str(place.get("thread_id")), str(place.get("checkpoint_ns")))
        calls = self._interrupted.pop(task, None) or _Calls()
        token = _current.set(calls)
        try:
            yield calls
        except GraphInterrupt as interruption:
            self._interrupted[task] = calls
            raise GraphInterrupt(calls.sorted(interruption.args[0])) from interruption
        finally:
            _current.reset(token)

    def _call(self, request: Any, execute: Any) -> Any:
        def run() -> Any:
            try:
                return execute(request)
            except GraphInterrupt as interruption:  # a question is no failure
                return _question(interruption, request)

        if not _in_flow():
            return execute(request)
        calls = _current.get()
        if calls.are_complete:
            return calls.result(request)
        return calls.note(request, adapter.run(run, **self._call_options(request)))

    async def _acall(self, request: Any, execute: Any) -> Any:
        async def run() -> Any:
            try:
                return await execute(request)
            except GraphInterrupt as interruption:
                return _question(interruption, request)

        if not _in_flow():
            return await execute(request)
        calls = _current.get()
        if calls.are_complete:
            return calls.result(request)
        return calls.note(request, await adapter.run_async(run, **self._call_options(request)))

    def _alone(self, call: str, config: RunnableConfig) -> dict[str, Any]:
        """Make a call that asks, in a task of its own; at first there is its question only."""
        with _current.get().alone(call) as tool_call:
            super().invoke(tool_call, config)
        return {}

    async def _aalone(self, call: str, config: RunnableConfig) -> dict[str, Any]:
        with _current.get().alone(call) as tool_call:
            await super().ainvoke(tool_call, config)
        return {}

    def _call_options(self, request: Any) -> dict[str, Any]:
        """Return how a call is recorded."""
        name = request.tool_call["name"]
        return {
            "name": name,
            "type": "tool_call",
            "inputs": dict(request.tool_call["args"]),
            "key": request.tool_call["id"],
            "scope": current_scope.get(),
            "serializer": adapter.ObjectSerializer(),
            "retries": self._retries if isinstance(self._retries, int) else self._retries.get(name, 0),
        }


class _Asking(TypedDict):
    """The calls that ask."""

    calls: list[str]


def _one_task_each(state: _Asking) -> list[Send]:
    return [Send("call", call) for call in state["calls"]]


@dataclass(frozen=True)
class OpenQuestion:
    """What a tool has asked, in place of its result."""

    question: Any
    response_schema: Any

    def ask(self) -> NoReturn:
        """Interrupt the running task; answers to what it has asked before are passed over."""
        while True:
            interrupt(self.question, response_schema=self.response_schema)


@dataclass
class _Call:
    """A call that asks."""

    request: Any
    question: OpenQuestion
    was_asked: bool = False


class _Calls:
    """The calls of a task: what they returned, and which of them ask.

    Attributes:
        asking: The calls that ask, by what they are.
        are_complete: Whether all have returned.
    """

    def __init__(self) -> None:
        self.asking: dict[str, _Call] = {}
        self.are_complete = False
        self._results: defaultdict[str, deque[Any]] = defaultdict(deque)
        self._lock = Lock()

    def note(self, request: Any, result: Any) -> Any:
        """Keep a result, and return it; where it is a question, ask it or keep it for the task that will."""
        identity = _identity(request)
        if not isinstance(result, OpenQuestion):
            self._results[identity].append(result)
            return result
        alone = _alone_call.get()
        if alone is not None:
            self.asking[alone].question = result
            result.ask()
        with self._lock:
            equal_ones = sum(_identity(call.request) == identity for call in self.asking.values())
            self.asking[f"{identity} {equal_ones}"] = _Call(request, result)
        return ToolMessage("", tool_call_id=request.tool_call["id"])  # nobody gets it

    def result(self, request: Any) -> Any:
        """Return what a call has returned."""
        results = self._results[_identity(request)]
        if not results:
            raise _of_inner_graph(request)
        return results.popleft()

    def in_order(self) -> list[str]:
        """Return the calls that ask, as the model has asked for them."""
        return sorted(self.asking, key=lambda call: (_position(self.asking[call].request), call))

    def sorted(self, interrupts: Sequence[Interrupt[Any]]) -> list[Interrupt[Any]]:
        """Return interrupts in the order of their calls; they come in the order in which tasks end."""
        questions = [_text(self.asking[call].question.question) for call in self.in_order()]
        return sorted(
            interrupts, key=lambda one: questions.index(_text(one.value)) if _text(one.value) in questions else -1
        )

    @contextmanager
    def alone(self, call: str) -> Iterator[ToolCallWithContext]:
        """Bring what a node of tools makes one call of; the first time the call's question is asked instead."""
        asking = self.asking[call]
        if not asking.was_asked:
            asking.was_asked = True
            asking.question.ask()
        token = _alone_call.set(call)
        try:
            request = asking.request
            yield {"__type": "tool_call_with_context", "tool_call": request.tool_call, "state": request.state}
        finally:
            _alone_call.reset(token)


_current: ContextVar[_Calls] = ContextVar("kitaru_langgraph_calls")
_alone_call: ContextVar[str | None] = ContextVar("kitaru_langgraph_alone_call", default=None)


def _in_flow() -> bool:
    """Whether calls become checkpoints here; inside one, tools are simply called."""
    place = adapter.current()
    return place is not None and place.in_body


def _question(interruption: GraphInterrupt, request: Any) -> OpenQuestion:
    asked, *more = interruption.args[0]
    place = request.runtime.config["configurable"]["checkpoint_ns"]
    if more or (_alone_call.get() is None and asked.id != Interrupt.from_ns(asked.value, place).id):
        raise _of_inner_graph(request)
    return OpenQuestion(asked.value, asked.response_schema)


def _of_inner_graph(request: Any) -> RuntimeError:
    return RuntimeError(
        f"The tool {request.tool_call['name']} runs a graph that asks by interrupt(), and an answer would not reach that. "
        f"Make that graph a node of the one with the tools, or have the tool ask by interrupt() itself."
    )


def _identity(request: Any) -> str:
    call = request.tool_call
    return _text([call["id"], call["name"], call["args"]])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _position(request: Any) -> int:
    """Return which call of its message it is; 0 where the state does not say."""
    state = request.state
    messages = state if isinstance(state, list) else state.get("messages", ()) if isinstance(state, dict) else ()
    said = [message for message in messages if isinstance(message, AIMessage)]
    ids = [call["id"] for call in said[-1].tool_calls] if said else []
    return ids.index(request.tool_call["id"]) if request.tool_call["id"] in ids else 0
