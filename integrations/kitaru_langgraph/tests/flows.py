"""The agents of the conformance suite, in LangGraph."""

import json
import sys

from common import crash_once, note, report, together
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import create_react_agent
from langgraph.types import interrupt
from openai import AsyncOpenAI, OpenAI

from kitaru import flow
from kitaru_langgraph import KitaruGraph, durable_model, durable_tools

MODEL = "gpt-4o-mini"


class Chat(BaseChatModel):
    """Chat completions, as little as the suite needs of them."""

    model_name: str = MODEL

    @property
    def _llm_type(self):
        return "chat"

    def bind_tools(self, tools, **kwargs):
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        with OpenAI() as client:
            made = client.chat.completions.create(model=MODEL, messages=convert_to_openai_messages(messages), **kwargs)
        said = made.choices[0].message
        calls = [
            {"name": call.function.name, "args": json.loads(call.function.arguments), "id": call.id}
            for call in said.tool_calls or ()
        ]
        message = AIMessage(said.content or "", tool_calls=calls, usage_metadata=used(made.usage))
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        async with AsyncOpenAI() as client:
            given = convert_to_openai_messages(messages)
            async for part in await client.chat.completions.create(model=MODEL, messages=given, stream=True, **kwargs):
                delta = part.choices[0].delta if part.choices else None
                calls = [
                    {"name": c.function.name, "args": c.function.arguments, "id": c.id, "index": c.index}
                    for c in (delta.tool_calls if delta else None) or ()
                ]
                usage = used(part.usage) if part.usage else None
                text = (delta.content if delta else None) or ""
                piece = AIMessageChunk(text, tool_call_chunks=calls, usage_metadata=usage)
                yield ChatGenerationChunk(message=piece)


def used(usage):
    return {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def step(number: int) -> str:
    """Take a step."""
    note(f"step {number}")
    if number == 6:
        crash_once()
    return f"step {number} taken"


async def fetch(page: str) -> str:
    """Fetch a page."""
    note(f"fetch {page}")
    if page == "d":
        crash_once()
    else:
        await together(3)
    return f"page {page}"


failures = []


def unsteady() -> str:
    """Fail, the first time."""
    note("unsteady")
    failures.append(1)
    if len(failures) == 1:
        raise ConnectionError("not now")
    return "steady"


def delete(path: str) -> str:
    """Delete a file."""
    if not interrupt(f"delete {path}?"):
        return "refused"
    note(f"delete {path}")
    return f"deleted {path}"


def agent(name, *tools, **retries):
    node = durable_tools(tools, retries=retries, handle_tool_errors=False)
    graph = create_react_agent(durable_model(Chat()), node, checkpointer=InMemorySaver())
    return KitaruGraph(graph, name=name, interrupt_timeout=0)


def asked(text):
    return {"messages": [("user", text)]}


@flow(retries=1)
def ten_turns() -> str:
    return agent("walker", step).invoke(asked("Walk."))["messages"][-1].content


@flow(retries=1)
async def at_once() -> str:
    last = None
    async for mode, part in agent("reader", fetch, unsteady, unsteady=1).astream(
        asked("Read."), stream_mode=["messages", "values"]
    ):
        if mode == "values":
            last = part["messages"][-1].content
        elif part[0].content and part[0].type == "AIMessageChunk":
            note(f"piece {part[0].content}")
    return last


@flow
def approval() -> str:
    return agent("keeper", delete).invoke(asked("Tidy up."))["messages"][-1].content


if __name__ == "__main__":
    if sys.argv[1] == "outside":
        config = {"configurable": {"thread_id": "1"}}
        print(agent("walker", step).invoke(asked("Walk."), config)["messages"][-1].content)
        assert "zenml" not in sys.modules
    else:
        report(globals()[sys.argv[1]], *([True, False] if sys.argv[1] == "approval" else []))
