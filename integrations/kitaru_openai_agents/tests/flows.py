"""The agents of the conformance suite, in the OpenAI Agents SDK."""

import sys

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    function_tool,
    set_default_openai_api,
    set_tracing_disabled,
)
from common import crash_once, note, report, together
from openai import AsyncOpenAI

from kitaru import flow
from kitaru_openai_agents import KitaruRunner

set_default_openai_api("chat_completions")
set_tracing_disabled(True)


@function_tool
def step(number: int) -> str:
    note(f"step {number}")
    if number == 6:
        crash_once()
    return f"step {number} taken"


@function_tool
async def fetch(page: str) -> str:
    note(f"fetch {page}")
    if page == "d":
        crash_once()
    else:
        await together(3)
    return f"page {page}"


failures = []


@function_tool(failure_error_function=None)
def unsteady() -> str:
    note("unsteady")
    failures.append(1)
    if len(failures) == 1:
        raise ConnectionError("not now")
    return "steady"


@function_tool(needs_approval=True)
def delete(path: str) -> str:
    note(f"delete {path}")
    return f"deleted {path}"


walker = Agent(name="walker", model="gpt-4o-mini", tools=[step])
keeper = Agent(name="keeper", model="gpt-4o-mini", tools=[delete])


@flow(retries=1)
def ten_turns() -> str:
    return KitaruRunner().run_sync(walker, "Walk.", max_turns=20).final_output


@flow(retries=1)
async def at_once() -> str:
    # A model of the agent's own, and not one by name, is made durable as well.
    model = OpenAIChatCompletionsModel("gpt-4o-mini", AsyncOpenAI())
    reader = Agent(name="reader", model=model, tools=[fetch, unsteady])
    result = KitaruRunner(tool_retries={"unsteady": 1}).run_streamed(reader, "Read.")
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta" and event.data.delta:
            note(f"piece {event.data.delta}")
    return result.final_output


@flow
def approval() -> str:
    return KitaruRunner(approval_timeout=0).run_sync(keeper, "Tidy up.").final_output


if __name__ == "__main__":
    if sys.argv[1] == "outside":
        print(KitaruRunner().run_sync(walker, "Walk.", max_turns=20).final_output)
        assert "zenml" not in sys.modules
    else:
        report(globals()[sys.argv[1]], *([True, False] if sys.argv[1] == "approval" else []))
