"""Tools of one node that ask at once: each is asked for itself, gets its own answer, and what did not ask runs once."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import tools_condition
from langgraph.types import interrupt

from kitaru import KitaruClient, flow
from kitaru_langgraph import KitaruGraph, durable_model, durable_tools

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

asking = threading.Barrier(2)


class Scripted(BaseChatModel):
    """A model that asks for calls, and tells more of its answers than the messages."""

    calls: list[tuple[str, str]]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        made = [{"name": name, "args": {"x": x}, "id": f"c{n}"} for n, (name, x) in enumerate(self.calls)]
        done = any(isinstance(message, ToolMessage) for message in messages)
        message = AIMessage("end" if done else "", tool_calls=[] if done else made)
        said = ChatGeneration(message=message, generation_info={"finish_reason": "stop"})
        return ChatResult(generations=[said], llm_output={"system_fingerprint": "f"})


def note(what: str) -> None:
    with Path("calls.log").open("a") as log:
        log.write(f"{what}\n")


def first(x: str) -> str:
    """Ask, after the other one has asked."""
    if not Path("asked").exists():
        Path("asked").touch()
        asking.wait()
        time.sleep(0.2)
    return f"{x} {interrupt(f'first {x}?')}"


def second(x: str) -> str:
    """Ask twice."""
    if not Path("asked too").exists():
        Path("asked too").touch()
        asking.wait()
    return f"{x} {interrupt(f'second {x}?')} {interrupt(f'once more {x}?')}"


def unasked(x: str) -> str:
    """Ask nobody."""
    note(x)
    return x


def inner(x: str) -> str:
    """Run a graph that asks."""
    building = StateGraph(MessagesState)
    building.add_node("node", lambda _: {"messages": [("ai", interrupt(f"inner {x}?"))]})
    building.add_edge(START, "node")
    return str(building.compile().invoke({"messages": []}))


def agent(name: str, *calls: tuple[str, str]) -> KitaruGraph:
    model = durable_model(Scripted(calls=list(calls)))
    building = StateGraph(MessagesState)
    building.add_node("ask", lambda state: {"messages": [model.invoke(state["messages"])]})
    building.add_node("tools", durable_tools([first, second, unasked, inner]))
    building.add_edge(START, "ask")
    building.add_conditional_edges("ask", tools_condition)
    building.add_edge("tools", "ask")
    return KitaruGraph(building.compile(checkpointer=InMemorySaver()), name=name, interrupt_timeout=60)


def said_by_tools(messages: list[BaseMessage]) -> list[str]:
    return [str(message.content) for message in messages if isinstance(message, ToolMessage)]


given = {"messages": [("user", "go")]}


@flow(retries=1)
def at_once() -> list[str]:
    made = agent("sync", ("first", "a"), ("second", "b"), ("unasked", "c"), ("first", "d")).invoke(given)["messages"]
    assert made[-1].response_metadata["system_fingerprint"] == "f", made[-1]
    assert made[-1].response_metadata["finish_reason"] == "stop", made[-1]
    if not Path("crashed").exists():  # what comes after reads all of it back
        Path("crashed").touch()
        raise ConnectionError("once")
    return said_by_tools(made)


@flow
async def awaited() -> list[str]:
    refused = ""
    try:
        await agent("inner", ("inner", "e")).ainvoke(given)
    except RuntimeError as error:
        refused = str(error)
    made = await agent("async", ("first", "a"), ("unasked", "f"), ("first", "d")).ainvoke(given)
    return [refused, *said_by_tools(made["messages"])]


def answered(handle: Any) -> tuple[Any, list[str | None]]:
    """Answer each question with itself, and return the value and the questions."""
    client = KitaruClient()
    questions: dict[str, str | None] = {}
    while not handle.status.is_finished:
        wait = client.executions.pending_waits(handle.exec_id).get(handle.exec_id)
        if wait is not None and wait.name not in questions:
            questions[wait.name] = wait.question
            client.executions.input(handle.exec_id, value=f"[{wait.question}]", wait=wait.name)
        time.sleep(0.1)
    return handle.wait(progress=False), list(questions.values())


def main() -> None:
    handle = at_once.run()
    value, questions = answered(handle)
    assert value == ["a [first a?]", "b [second b?] [once more b?]", "c", "d [first d?]"], value
    assert questions == ["first a?", "second b?", "first d?", "once more b?"], questions
    assert Path("calls.log").read_text() == "c\n"
    assert len(handle.execution.attempts) == 2
    value, questions = answered(awaited.run())
    assert value[0].endswith("have the tool ask by interrupt() itself."), value
    assert value[1:] == ["a [first a?]", "f", "d [first d?]"], value
    assert questions == ["first a?", "first d?"], questions


if __name__ == "__main__":
    main()
