"""What models say is stored as it is: every type of the Responses API, whatever the installed release has."""

from __future__ import annotations

from agents import ModelResponse, Usage
from openai import BaseModel
from openai.types.responses import Response, ResponseCompletedEvent, ResponseFunctionToolCall

from kitaru.adapter import ObjectSerializer
from tests.conformance.instances import changed, classes_of, instances

ITEMS = classes_of("openai.types.responses", lambda kind: issubclass(kind, BaseModel))
SERIALIZER = ObjectSerializer()


def test_every_type_of_the_responses_api_comes_back_equal():
    made = [one for kind in ITEMS for one in instances(kind)]
    assert len(made) > 400
    assert changed(made, SERIALIZER) == []


def test_an_answer_and_the_end_of_a_stream_come_back_equal():
    output = [one for kind in ITEMS for one in instances(kind)]
    response = Response.model_construct(id="r", output=output)
    response._request_id = "req_1"  # noqa: SLF001 - which OpenAI documents
    ended = ResponseCompletedEvent.model_construct(response=response, sequence_number=1, type="response.completed")
    answer = ModelResponse(output=[], usage=Usage(requests=1), response_id="r", raw_usage={"input": {"tokens": 1}})
    answer.output = output
    assert changed([answer, response, ended], SERIALIZER) == []
    assert SERIALIZER.load(SERIALIZER.dump(response))._request_id == "req_1"  # noqa: SLF001 - as above


def test_a_field_with_another_name_on_the_wire_comes_back_as_that_field():
    call = ResponseFunctionToolCall.model_validate(
        {"arguments": "{}", "call_id": "c", "name": "pay", "type": "function_call", "async": True}
    )
    again = SERIALIZER.load(SERIALIZER.dump(call))
    assert again.async_ is True
    assert again.model_extra == {}
    assert again.to_dict() == call.to_dict()
