"""A graph with two branches at once, a crash after both and a question to a person, and a model in a checkpoint."""

from __future__ import annotations

import operator
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from kitaru import KitaruClient, checkpoint, flow
from kitaru_langgraph import KitaruGraph, durable_model

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


class Echo(BaseChatModel):
    @property
    def _llm_type(self) -> str:
        return "echo"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        text = messages[-1].content
        with Path("calls.log").open("a") as log:
            log.write(f"{text}\n")
        usage = {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(f"{text}!", usage_metadata=usage))])


class State(TypedDict):
    said: Annotated[list[Any], operator.add]


class Node(Protocol):
    def __call__(self, state: State) -> State: ...


model = durable_model(Echo())


def branch(word: str) -> Node:
    def node(state: State) -> State:  # noqa: ARG001 - the name is LangGraph's
        # Which branch asks first differs between the attempts; what it asks tells it.
        first = "right" if Path("crashed").exists() else "left"
        if word != first:
            time.sleep(0.3)
        return {"said": [model.invoke(word).content]}

    return node


def ask(state: State) -> State:
    return {"said": [interrupt({"publish": sorted(state["said"])})]}


def crash(state: State) -> dict[str, Any]:  # noqa: ARG001 - the name is LangGraph's
    if not Path("crashed").exists():
        Path("crashed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {}


def fan() -> KitaruGraph:
    building = StateGraph(State)
    building.add_node("left", branch("left"))
    building.add_node("right", branch("right"))
    building.add_node("crash", crash)
    building.add_node("ask", ask)
    edges = [
        (START, "left"),
        (START, "right"),
        ("left", "crash"),
        ("right", "crash"),
        ("crash", "ask"),
        ("ask", END),
    ]
    for start, end in edges:
        building.add_edge(start, end)
    return KitaruGraph(building.compile(checkpointer=InMemorySaver()), name="fan", interrupt_timeout=20)


graph = fan()


@checkpoint
def whole() -> str:
    return str(model.invoke("inside").content)


@flow(retries=1)
def f() -> list[Any]:
    return [*graph.invoke({"said": []})["said"], whole()]


def main() -> None:
    handle = f.run()
    client = KitaruClient()
    while not client.executions.pending_waits(handle.exec_id):
        assert not handle.status.is_finished, handle.wait(progress=False)
        time.sleep(0.1)
    asked = client.executions.pending_waits(handle.exec_id)[handle.exec_id]
    assert asked.metadata == {"interrupt": {"publish": ["left!", "right!"]}}, asked
    assert asked.name == "fan_interrupt"
    assert asked.question is not None
    assert "left!" in asked.question
    client.executions.input(handle.exec_id, value={"by": "ada"})
    result = handle.wait(progress=False)
    assert sorted(result[:2]) == ["left!", "right!"], result
    assert result[2:] == [{"by": "ada"}, "inside!"], result
    assert sorted(Path("calls.log").read_text().split()) == ["inside", "left", "right"]
    made = {call.name: call for call in handle.execution.checkpoints}
    assert set(made) == {"fan_model", "fan_model_2", "whole"}, set(made)
    assert made["whole"].usage is not None
    assert made["whole"].usage.calls == 1
    assert handle.execution.usage is not None
    assert handle.execution.usage.input_tokens == 15
    assert len(handle.execution.attempts) == 2


if __name__ == "__main__":
    main()
