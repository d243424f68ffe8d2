"""Handlers of one run get the pieces of answers, streamed runs ask for approvals, and results of tools stay what they are."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_ai import Agent, ToolReturnPart
from pydantic_ai.messages import PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta
from pydantic_ai.models.function import DeltaToolCall, FunctionModel

from kitaru import KitaruClient, flow
from kitaru_pydantic_ai import KitaruAgent

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

    from pydantic_ai import ModelMessage, RunContext
    from pydantic_ai.messages import AgentStreamEvent
    from pydantic_ai.models.function import AgentInfo


@dataclass
class Receipt:
    amount: int
    parts: tuple[int, ...]


async def paying(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
    if not any(isinstance(part, ToolReturnPart) for message in messages for part in message.parts):
        yield {n: DeltaToolCall("pay", f'{{"n": {n}}}', tool_call_id=f"c{n}") for n in (1, 2)}
        return
    for word in ("all ", "is ", "done"):
        yield word


inner = Agent(FunctionModel(stream_function=paying), name="bot")


@inner.tool_plain(requires_approval=True)
def pay(n: int) -> Receipt:
    with Path("paid.log").open("a") as log:
        log.write(f"{n}\n")
    return Receipt(n, (n, n))


heard: dict[str, list[str]] = {}


def handler(name: str) -> Any:
    async def hear(_: RunContext[None], events: AsyncIterable[AgentStreamEvent]) -> None:
        texts = heard.setdefault(name, [])
        async for event in events:
            match event:
                case (
                    PartStartEvent(part=TextPart(content=text))
                    | PartDeltaEvent(delta=TextPartDelta(content_delta=text))
                ):
                    texts.append(text)
                case _:
                    texts.append(type(event).__name__)

    return hear


agent = KitaruAgent(inner)
both = KitaruAgent(inner, name="both", event_stream_handler=handler("agent"))


def fail_once() -> None:
    """Raise the first time, so that answers are read back in the next attempt."""
    if not Path("heard").exists():
        Path("heard").write_text(json.dumps(heard))
        raise ConnectionError("once")


@flow(retries=1)
async def f() -> dict[str, list[str]]:
    heard.clear()
    run = await both.run("run", event_stream_handler=handler("run"))
    paid = [
        part.content for message in run.all_messages() for part in message.parts if isinstance(part, ToolReturnPart)
    ]
    assert paid == [Receipt(1, (1, 1)), Receipt(2, (2, 2))], paid
    async with agent.run_stream("stream", event_stream_handler=handler("stream")) as streamed:
        heard["streamed"] = ["".join([text async for text in streamed.stream_text(delta=True)])]
    async with agent.run_stream_events("events") as events:
        await handler("events")(None, events)
    fail_once()
    return heard


def texts(events: list[str]) -> list[str]:
    return [event for event in events if not event.endswith("Event")]


def main() -> None:
    handle = f.run()
    client = KitaruClient()
    names: list[str] = []
    while not handle.status.is_finished:
        wait = client.executions.pending_waits(handle.exec_id).get(handle.exec_id)
        if wait is not None and wait.name not in names:
            names.append(wait.name)
            client.executions.input(handle.exec_id, value=True, wait=wait.name)
        time.sleep(0.1)
    again = handle.wait(progress=False)
    first: dict[str, list[str]] = json.loads(Path("heard").read_text())
    pieces = ["all ", "is ", "done"]
    assert {name: texts(events) for name, events in first.items()} == {
        "agent": pieces,
        "run": pieces,
        "stream": ["all "],  # up to where the result is found
        "streamed": ["all is done"],
        "events": pieces,
    }, first
    assert first["run"].count("FunctionToolResultEvent") == 2, first
    assert first["run"].count("DeferredToolRequestsEvent") == 1, first
    # What is read back is no piece: the agent's own handler does not get it, one of a run gets it whole.
    assert {name: texts(events) for name, events in again.items()} == {
        "agent": [],
        "run": ["all is done"],
        "stream": ["all is done"],
        "streamed": ["all is done"],
        "events": ["all is done"],
    }, again
    assert len(names) == 6, names
    assert sorted(Path("paid.log").read_text().split()) == ["1", "1", "1", "2", "2", "2"]


if __name__ == "__main__":
    main()
