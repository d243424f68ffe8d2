"""A graph that is streamed in plain code, and one whose node asks a person amid async code."""

from __future__ import annotations

from typing import Any, Protocol

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from kitaru import flow
from kitaru_langgraph import KitaruGraph, durable_model


class Node(Protocol):
    def __call__(self, state: MessagesState) -> dict[str, Any]: ...


model = durable_model(FakeListChatModel(responses=["low at six"]))


def built(name: str, node: Node) -> KitaruGraph:
    building = StateGraph(MessagesState)
    building.add_node("node", node)
    building.add_edge(START, "node")
    return KitaruGraph(building.compile(checkpointer=InMemorySaver()), name=name, interrupt_timeout=60)


writer = built("writer", lambda state: {"messages": [model.invoke(state["messages"])]})
asking = built("asking", lambda state: {"messages": [("ai", interrupt("Publish?"))]})  # noqa: ARG005 - LangGraph's name
given = {"messages": [("user", "When?")]}


@flow
def streamed() -> list[str]:
    return [part["node"]["messages"][-1].content for part in writer.stream(given)]


@flow
async def asked() -> str | None:
    try:
        asking.invoke(given)
    except RuntimeError as error:
        return str(error)
    return None


def main() -> None:
    handle = streamed.run()
    assert handle.wait(progress=False) == ["low at six"]
    assert [call.name for call in handle.execution.checkpoints] == ["writer_model"]
    refusal = asked.run()
    told = refusal.wait(progress=False)
    assert told is not None
    assert told.endswith("await ainvoke()."), told
    assert not refusal.execution.waits


if __name__ == "__main__":
    main()
