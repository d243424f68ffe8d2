"""Two calls that need an approval in one answer, and an answer whose stream ends without it; both read back equal."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents import Agent, Model, ModelResponse, Usage, function_tool, set_tracing_disabled
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
)

from kitaru import KitaruClient, flow
from kitaru_openai_agents import KitaruRunner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

set_tracing_disabled(True)


class Scripted(Model):
    """A model that asks for two payments and then tells how they ended."""

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        items = kwargs.get("input", args[1] if len(args) > 1 else ())
        results = [
            item["output"] for item in items if isinstance(item, dict) and item.get("type") == "function_call_output"
        ]
        output = [said("; ".join(results))] if results else [call(number) for number in (1, 2)]
        return ModelResponse(output=list(output), usage=Usage(requests=1), response_id=None, raw_usage={"of": 1})

    async def stream_response(self, *_args: Any, **_kwargs: Any) -> AsyncIterator[Any]:
        done = ResponseOutputItemDoneEvent(
            item=said("streamed"), output_index=0, sequence_number=0, type="response.output_item.done"
        )
        yield done
        empty = Response.model_construct(id="r", output=[], usage=None)
        yield ResponseCompletedEvent.model_construct(response=empty, sequence_number=1, type="response.completed")


def call(number: int) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall.model_validate(
        {"call_id": f"c{number}", "name": "pay", "arguments": f'{{"n": {number}}}', "type": "function_call", "new": [1]}
    )


def said(text: str) -> ResponseOutputMessage:
    content = {"type": "output_text", "text": text, "annotations": []}
    return ResponseOutputMessage.model_validate(
        {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [content]}
    )


@function_tool(needs_approval=True)
def pay(n: int) -> str:
    with Path("paid.log").open("a") as log:
        log.write(f"{n}\n")
    return f"paid {n}"


bot: Agent[Any] = Agent(name="bot", model=Scripted(), tools=[pay])
runner = KitaruRunner()


def compare(responses: bytes) -> None:
    """Raise the first time; the second one, when they are read back, see that all is equal: fields, and what was set."""
    first = Path("first")
    if not first.exists():
        first.write_bytes(responses)
        raise ConnectionError("once")
    assert pickle.loads(responses) == pickle.loads(first.read_bytes())


@flow(retries=1)
async def f() -> list[str]:
    run = await runner.run(bot, "go")
    streamed = runner.run_streamed(bot, "stream")
    async for _ in streamed.stream_events():
        pass
    responses = pickle.dumps([*run.raw_responses, *streamed.raw_responses])
    compare(responses)
    return [run.final_output, streamed.final_output]


def main() -> None:
    handle = f.run()
    client = KitaruClient()
    answers = {"bot_approve_pay": True, "bot_approve_pay_2": False}
    while not handle.status.is_finished:
        wait = client.executions.pending_waits(handle.exec_id).get(handle.exec_id)
        if wait is not None and wait.name in answers:
            client.executions.input(handle.exec_id, value=answers.pop(wait.name), wait=wait.name)
        time.sleep(0.1)
    paid, streamed = handle.wait(progress=False)
    assert paid.startswith("paid 1; "), paid
    assert "approv" in paid.removeprefix("paid 1; "), paid
    assert streamed == "streamed"
    assert Path("paid.log").read_text() == "1\n"
    assert len(handle.execution.attempts) == 2
    assert answers == {}


if __name__ == "__main__":
    main()
