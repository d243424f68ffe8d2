"""What the conformance suite leaves open: handoffs, structured output, agents at once and inside checkpoints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.conformance.model_server import Answer, Asked, model_server

HERE = Path(__file__).resolve().parents[1]


def answer(asked: Asked) -> Answer:
    [question] = [message["content"] for message in asked.messages if message["role"] == "user"]
    tools = {tool["function"]["name"] for tool in asked.body.get("tools", ())}
    if "transfer_to_clerk" in tools:
        return Answer(calls=(("transfer_to_clerk", {}),))
    if question == "Where?":
        return Answer('{"name": "Ulm", "people": 126000}')
    found = [result for result in asked.results if result.startswith("found")]
    if "look_up" in tools and not found:
        return Answer(calls=(("look_up", {"word": question}),))
    return Answer(f"{question} {' '.join(found)}")


def test_the_example_refunds_once_a_person_agrees(project):
    shutil.copy(HERE / "examples" / "refunds.py", project.path)
    running = project.popen("refunds.py", "1018", env={"OPENAI_API_KEY": ""})
    asked = project.asking(running)
    project.kitaru("executions", "input", asked, "--value", "yes")
    told, errors = running.communicate(timeout=300)
    assert told.splitlines() == [
        "18.50 for the lamp were paid back.",
        "desk_model desk_find_order desk_model_2 desk_model_3 desk_refund desk_model_4",
    ], errors


def test_handoffs_and_runs_at_once_come_through_a_crash(project):
    project.write(
        "main.py",
        """
        import asyncio, os, signal
        from pathlib import Path
        from agents import Agent, function_tool, handoff, set_default_openai_api, set_tracing_disabled
        from pydantic import BaseModel
        from kitaru import KitaruClient, checkpoint, flow
        from kitaru_openai_agents import KitaruRunner

        set_default_openai_api("chat_completions")
        set_tracing_disabled(True)

        class City(BaseModel):
            name: str
            people: int

        @function_tool
        async def look_up(word: str) -> str:
            with Path("calls.log").open("a") as log: log.write(f"{word}\\n")
            return f"found {word}"

        clerk = Agent(name="clerk", model="gpt-4o-mini", tools=[look_up])
        desk = Agent(name="desk", model="gpt-4o-mini", handoffs=[clerk])
        guide = Agent(name="guide", model="gpt-4o-mini", output_type=City)
        runner = KitaruRunner()

        @checkpoint
        def whole() -> str:
            return runner.run_sync(clerk, "inside").final_output

        @flow(retries=1)
        async def f():
            city = (await runner.run(guide, "Where?")).final_output
            assert city == City(name="Ulm", people=126_000)
            order = ["a", "b"] if not Path("crashed").exists() else ["b", "a"]
            said = await asyncio.gather(*(runner.run(desk, word) for word in order))
            assert all(run.last_agent.name == "clerk" for run in said)
            if not Path("crashed").exists():
                Path("crashed").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return [*sorted(run.final_output for run in said), await whole()]


        if __name__ == "__main__":
            handle = f.run()
            print(handle.wait(progress=False))
            made = {call.name: call for call in handle.execution.checkpoints}
            names = {f"desk{n}_{what}" for n in ("", "_2") for what in ("model", "model_2", "model_3", "look_up")}
            assert set(made) == names | {"guide_model", "whole"}, set(made)
            assert made["desk_look_up"].type == "tool_call" and made["whole"].usage.calls == 2
            assert sorted(Path("calls.log").read_text().split()) == ["a", "b", "inside"]
        """,
    )
    with model_server(answer) as server:
        ran = project.run("main.py", env=server.env("sk-none"))
    assert ran.stdout.splitlines()[-1] == "['a found a', 'b found b', 'inside found inside']"
    assert len(server.asked) == 1 + 2 * 3 + 2


def test_it_uses_nothing_of_kitaru_but_the_door_and_stays_small():
    text = "\n".join(file.read_text() for file in sorted((HERE / "kitaru_openai_agents").glob("*.py")))
    assert {line for line in text.splitlines() if re.match(r"\s*(from|import) kitaru\b", line)} == {
        "from kitaru import adapter"
    }
    assert len(text.splitlines()) < 700


def test_without_the_framework_the_error_says_how_to_install_it(project):
    project.write("agents/__init__.py", "raise ImportError('none')")
    ran = project.run("-c", "import kitaru_openai_agents", check=False)
    assert "pip install 'openai-agents" in ran.stderr
