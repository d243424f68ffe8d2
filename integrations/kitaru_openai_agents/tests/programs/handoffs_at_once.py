"""Handoffs, structured output and runs at once come through a crash, and a run in a checkpoint is part of it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from agents import Agent, function_tool, set_default_openai_api, set_tracing_disabled
from pydantic import BaseModel

from kitaru import checkpoint, flow
from kitaru_openai_agents import KitaruRunner

set_default_openai_api("chat_completions")
set_tracing_disabled(True)


class City(BaseModel):
    name: str
    people: int


def crashed() -> bool:
    return Path("crashed").exists()


def crash() -> None:
    Path("crashed").touch()
    os.kill(os.getpid(), signal.SIGKILL)


@function_tool
async def look_up(word: str) -> str:
    with Path("calls.log").open("a") as log:  # noqa: ASYNC230 - one short line
        log.write(f"{word}\n")
    return f"found {word}"


clerk: Agent[Any] = Agent(name="clerk", model="gpt-4o-mini", tools=[look_up])
desk: Agent[Any] = Agent(name="desk", model="gpt-4o-mini", handoffs=[clerk])
guide: Agent[Any] = Agent(name="guide", model="gpt-4o-mini", output_type=City)
runner = KitaruRunner()


@checkpoint
def whole() -> str:
    return str(runner.run_sync(clerk, "inside").final_output)


@flow(retries=1)
async def f() -> list[str]:
    city = (await runner.run(guide, "Where?")).final_output
    assert city == City(name="Ulm", people=126_000)
    order = ["b", "a"] if crashed() else ["a", "b"]
    said = await asyncio.gather(*(runner.run(desk, word) for word in order))
    assert all(run.last_agent.name == "clerk" for run in said)
    if not crashed():
        crash()
    return [*sorted(run.final_output for run in said), await whole()]  # type: ignore[misc]  # in async flows every call can be awaited


def main() -> None:
    handle = f.run()
    print(handle.wait(progress=False))
    made = {call.name: call for call in handle.execution.checkpoints}
    names = {f"desk{n}_{what}" for n in ("", "_2") for what in ("model", "model_2", "model_3", "look_up")}
    assert set(made) == names | {"guide_model", "whole"}, set(made)
    assert made["desk_look_up"].type == "tool_call"
    assert made["whole"].usage is not None
    assert made["whole"].usage.calls == 2
    assert sorted(Path("calls.log").read_text().split()) == ["a", "b", "inside"]


if __name__ == "__main__":
    main()
