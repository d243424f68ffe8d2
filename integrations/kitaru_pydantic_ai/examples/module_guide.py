"""An agent writes a guide to some modules, is killed in the middle, and finishes without asking anything twice.

It looks modules up with a tool, one turn after the other, and has its guide approved by a person where ``--ask`` is
given. With OPENAI_API_KEY in the environment a real model does the work; without one, a small script stands in for it.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path

from pydantic_ai import Agent, ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

import kitaru
from kitaru import flow
from kitaru_pydantic_ai import KitaruAgent

MODULES = ["json", "shelve", "graphlib", "heapq"]
COUNT = Path("model_calls.txt")


def scripted(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Answer as a model might that looks up one module a turn."""
    with COUNT.open("a", encoding="utf-8") as counted:
        counted.write("call\n")
    texts = [str(part.content) for message in messages for part in message.parts if part.part_kind == "tool-return"]
    if len(texts) < len(MODULES):
        return ModelResponse(parts=[ToolCallPart(info.function_tools[0].name, {"module": MODULES[len(texts)]})])
    return ModelResponse(
        parts=[TextPart("\n".join(f"- {name}: {text}" for name, text in zip(MODULES, texts, strict=True)))]
    )


guide = Agent(
    "openai-chat:gpt-4o-mini" if os.environ.get("OPENAI_API_KEY") else FunctionModel(scripted, model_name="scripted"),
    name="guide",
    instructions="Look each module up, one after the other, and answer with one line for each.",
)
durable = KitaruAgent(guide)


@guide.tool_plain
def look_up(module: str) -> str:
    """Return the first line of a module's documentation."""
    if module == "graphlib" and not Path("killed").exists():  # the worker dies in its third turn, once
        Path("killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return (importlib.import_module(module).__doc__ or "it has no documentation").strip().splitlines()[0]


@flow(retries=1)
def write_guide(modules: list[str], ask: bool) -> str:
    text = str(durable.run_sync(f"Write a guide to {', '.join(modules)}.").output)
    if ask and not kitaru.wait(question="Publish the guide?", metadata={"guide": text}):
        return "thrown away"
    return text


if __name__ == "__main__":
    for left_over in (COUNT, Path("killed")):
        left_over.unlink(missing_ok=True)
    handle = write_guide.run(MODULES, ask="--ask" in sys.argv)
    print(handle.wait())
    execution = handle.execution
    assert execution.usage is not None
    print(f"attempts: {len(execution.attempts)}, model calls: {execution.usage.calls}")
