"""What models and tools say is stored as it is: every message of LangChain, results of models, commands of tools."""

from __future__ import annotations

import dataclasses

import numpy as np
from langchain_core import messages
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.types import Command, Send

from kitaru.adapter import ObjectSerializer
from kitaru_langgraph._tools import OpenQuestion
from tests.conformance.instances import changed, classes_of, instances

SERIALIZER = ObjectSerializer()
KINDS = classes_of("langchain_core.messages", lambda kind: issubclass(kind, BaseMessage))


class Note(AIMessage):
    """A message with more to it, as of a provider."""

    pages: tuple[int, ...] = ()


@dataclasses.dataclass
class Forecast:
    day: int
    sums: dict[int, float]


def test_every_message_comes_back_equal():
    made = [one for kind in KINDS for one in instances(kind)]
    assert {AIMessage, AIMessageChunk, ToolMessage, messages.RemoveMessage} <= set(KINDS)
    assert (
        changed(
            [*made, Note("so", pages=(1, 2), additional_kwargs={"made": {"by": Forecast(1, {2: 0.5})}})], SERIALIZER
        )
        == []
    )


def test_results_of_models_come_back_with_what_their_providers_add():
    message = AIMessage(
        "hi", id="1", response_metadata={"logprobs": [0.5]}, tool_calls=[{"name": "a", "args": {}, "id": "c"}]
    )
    result = ChatResult(
        generations=[
            ChatGeneration(message=message, generation_info={"finish_reason": "stop"}),
            ChatGeneration(message=message),
        ],
        llm_output={"system_fingerprint": "f"},
    )
    piece = ChatGenerationChunk(
        message=AIMessageChunk("h", chunk_position="last"), generation_info={"finish_reason": "stop"}
    )
    assert changed([result, piece], SERIALIZER) == []


def test_results_of_tools_come_back_equal():
    answer = ToolMessage(
        "so", tool_call_id="c", artifact={"forecast": Forecast(3, {1: 2.0}), "raw": (b"\x00", {1, 2})}, status="error"
    )
    results = [
        answer,
        Command(update={"messages": [answer]}, goto=[Send("next", {"of": answer})]),
        [answer, Command(goto="end")],
    ]
    again = [SERIALIZER.load(SERIALIZER.dump(result)) for result in results]
    assert again == results
    assert type(again[0].artifact["forecast"]) is Forecast
    assert changed([OpenQuestion({"amount": 3}, None)], SERIALIZER) == []
    array = ToolMessage("so", tool_call_id="c", artifact=np.arange(3))
    assert SERIALIZER.load(SERIALIZER.dump(array)).artifact.tolist() == [0, 1, 2]
