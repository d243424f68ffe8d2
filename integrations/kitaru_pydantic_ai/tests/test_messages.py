"""What models and tools say is stored as it is: every message and part of PydanticAI, and whatever tools return."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import inspect
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, messages
from pydantic_ai.durable_exec import JSON_CODEC
from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponsePart, TextPart
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RequestUsage

from kitaru_pydantic_ai import KitaruAgent, KitaruDurability
from kitaru_pydantic_ai._codec import Codec, response_in
from kitaru_pydantic_ai._events import run_handler
from tests.conformance.instances import changed, classes_of, instances

KINDS = classes_of("pydantic_ai.messages", lambda kind: dataclasses.is_dataclass(kind) and not inspect.isabstract(kind))
PARTS = [(get_args(part) or (part,))[0] for part in get_args(get_args(ModelResponsePart)[0])]


class Typed:
    """The codec for values of one declared type."""

    def __init__(self, declared: Any) -> None:
        self.declared = declared

    def dump(self, value: Any) -> Any:
        return Codec().dump(self.declared, value)

    def load(self, stored: Any) -> Any:
        return Codec().load(self.declared, stored)


class Model(BaseModel):
    port: str
    at: dt.datetime


@dataclasses.dataclass
class Tide:
    low: dt.time
    ports: tuple[str, ...] = ("Husum",)


@pytest.mark.filterwarnings("ignore:.RetryPromptPart")  # which is deprecated, and said so each time one is made
def test_every_message_and_part_of_one_comes_back_equal():
    made = [one for kind in KINDS for one in instances(kind)]
    assert {messages.ModelRequest, ModelResponse, messages.ToolReturnPart, messages.FilePart} <= set(KINDS)
    assert changed(made, Typed(Any)) == []


@pytest.mark.parametrize("part", [one for kind in PARTS for one in instances(kind)])
def test_a_response_with_any_part_comes_back_equal(part):
    response = ModelResponse(parts=[], usage=RequestUsage(input_tokens=3), model_name="m")
    response.parts = [part, TextPart("so")]
    assert changed([response], Typed(ModelResponse)) == []
    stored = Codec().dump(ModelResponse, response)
    assert response_in(stored)["usage"]["input_tokens"] == 3
    assert response_in(stored)["model_name"] == "m"


def test_what_tools_return_comes_back_as_what_it_was():
    from pydantic_ai.durable_exec._toolset import CallToolResult, _ToolReturn  # what the engine stores of a call

    values = [
        Tide(dt.time(6, 31)),
        Model(port="Husum", at=dt.datetime(2026, 1, 31, tzinfo=dt.UTC)),
        (1, {2}),
        {1: b"\xff"},
    ]
    assert changed([_ToolReturn(result=value) for value in values], Typed(CallToolResult)) == []


def test_plain_results_are_stored_in_the_form_of_pydantic_ai():
    response = ModelResponse(parts=[TextPart("so")], provider_details={"logprobs": [0.5]})
    assert Codec().dump(ModelMessage, response) == JSON_CODEC.dump(ModelMessage, response)


def test_what_cannot_be_pickled_is_stored_as_pydantic_ai_does():
    from pydantic_ai.durable_exec._toolset import CallToolResult, _ToolReturn

    stored = Codec().dump(CallToolResult, _ToolReturn(result=(number for number in (1, 2))))
    assert stored["result"] == [1, 2]


def test_a_handler_is_of_no_later_run_where_its_own_does_not_begin(monkeypatch):
    monkeypatch.setattr(KitaruDurability, "in_durable_context", True)
    agent = KitaruAgent(Agent(TestModel(), name="writer"))

    async def handler(*_):
        raise AssertionError

    async def stream():
        async with agent.run_stream("Go", event_stream_handler=handler, bogus=1):
            raise AssertionError

    async def left():
        with pytest.raises(TypeError):
            await agent.run("Go", event_stream_handler=handler, bogus=1)
        after_run = run_handler.get()
        with pytest.raises(TypeError):
            await stream()
        return after_run, run_handler.get()

    assert asyncio.run(left()) == (None, None)
