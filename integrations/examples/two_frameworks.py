"""The same agent in two frameworks: one tool, one question, one flow, and the same record of both.

With OPENAI_API_KEY a real model answers, that of OPENAI_BASE_URL where one is set; without a key, a stand-in on this machine.
"""

from __future__ import annotations

import importlib

import agents
from offline_model import model_without_key
from pydantic_ai import Agent

from kitaru import flow
from kitaru_openai_agents import KitaruRunner
from kitaru_pydantic_ai import KitaruAgent

MODEL = "gpt-4o-mini"
INSTRUCTIONS = "Look the module up, and say in one sentence what it is for."

agents.set_default_openai_api("chat_completions")
agents.set_tracing_disabled(disabled=True)


def look_up(module: str) -> str:
    """Return the first line of a module's documentation."""
    return (importlib.import_module(module).__doc__ or "it has no documentation").strip().partition("\n")[0]


pydantic_guide = Agent(
    f"openai-chat:{MODEL}", name="guide", instructions=INSTRUCTIONS, tools=[look_up], defer_model_check=True
)
openai_guide = agents.Agent(name="guide", model=MODEL, instructions=INSTRUCTIONS, tools=[agents.function_tool(look_up)])


@flow(retries=1)
def compare(module: str) -> dict[str, str]:
    question = f"What is Python's module {module} for?"
    return {
        "PydanticAI": str(KitaruAgent(pydantic_guide).run_sync(question).output),
        "OpenAI Agents SDK": str(KitaruRunner().run_sync(openai_guide, question).final_output),
    }


if __name__ == "__main__":
    with model_without_key():
        handle = compare.run("heapq")
        for framework, answer in handle.wait().items():
            print(f"{framework}: {answer}")
        print(*(call.name for call in handle.execution.checkpoints))
