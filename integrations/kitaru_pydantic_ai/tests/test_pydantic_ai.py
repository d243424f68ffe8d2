"""What the conformance suite leaves open: MCP, structured output, history, agents at once and inside checkpoints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def test_what_pydantic_ai_can_do_works_in_flows(project):
    project.write(
        "clock_server.py",
        """
        from pathlib import Path
        from mcp.server import MCPServer

        server = MCPServer("clock")

        @server.tool()
        def tick(times: int) -> int:
            with Path("calls.log").open("a") as log: log.write(f"tick {times}\\n")
            return times + 1

        if __name__ == "__main__":
            server.run("stdio")
        """,
    )
    project.write(
        "main.py",
        """
        import asyncio, os, signal, sys
        from pathlib import Path
        from pydantic import BaseModel
        from pydantic_ai import Agent, ModelResponse, TextPart, ToolCallPart, UserError
        from pydantic_ai.mcp import MCPToolset
        from fastmcp.client.transports import StdioTransport
        from pydantic_ai.models.function import FunctionModel
        from pydantic_ai.usage import RequestUsage
        import kitaru
        from kitaru import KitaruClient, checkpoint, flow
        from kitaru_pydantic_ai import KitaruAgent, KitaruDurability

        def note(what):
            with Path("calls.log").open("a") as log: log.write(f"{what}\\n")

        class City(BaseModel):
            name: str
            people: int

        def asked(messages): return str(messages[0].parts[-1].content)

        def structured(messages, info):
            note("structured")
            [tool] = info.output_tools
            return ModelResponse(parts=[ToolCallPart(tool.name, {"name": "Ulm", "people": 126_000 + len(messages)})])

        def clock(messages, info):
            note("clock")
            if len(messages) == 1:
                return ModelResponse(parts=[ToolCallPart("tick", {"times": 4})])
            return ModelResponse(parts=[TextPart(str(messages[-1].parts[0].content))])

        def echo(messages, info):
            note(f"echo {asked(messages)}")
            return ModelResponse(
                parts=[TextPart(f"{asked(messages)}!")], usage=RequestUsage(input_tokens=7, output_tokens=2)
            )

        def silly(messages, info):
            return ModelResponse(parts=[ToolCallPart("plain", {}), ToolCallPart("odd_tool", {})])

        cities = KitaruAgent(Agent(FunctionModel(structured), output_type=City, name="geo graphy"))
        clock_server = StdioTransport(sys.executable, ["clock_server.py"])
        server = MCPToolset(clock_server, id="clock", init_timeout=300)  # five seconds are few for a busy machine
        clocks = KitaruAgent(Agent(FunctionModel(clock), name="clocks", toolsets=[server]))
        echoes = KitaruAgent(Agent(FunctionModel(echo)))  # no name: "agent"
        built_in = Agent(FunctionModel(echo), name="built_in", capabilities=[KitaruDurability()])
        odd_one = Agent(FunctionModel(silly), name="odd")
        odd = KitaruAgent(odd_one)

        @odd_one.tool_plain(metadata={"kitaru": False})
        def plain() -> str: return "in the body"

        @odd_one.tool_plain(metadata={"kitaru": {"retires": 1}})
        def odd_tool() -> str: return ""

        @checkpoint
        def whole() -> str:
            return echoes.run_sync("inside").output

        @flow(retries=1)
        async def f():
            first = await cities.run("Where?")
            assert first.output.people == 126_001 and type(first.output) is City
            second = await cities.run("And now?", message_history=first.all_messages())
            assert len(second.all_messages()) > len(second.new_messages()) == 3, second.new_messages()
            ticked = (await clocks.run("Tick.")).output
            # Which of these comes first differs between the attempts; what they are asked tells them apart.
            order = ["a", "b", "c"] if not Path("crashed").exists() else ["c", "b", "a"]
            said = sorted(run.output for run in await asyncio.gather(*(echoes.run(word) for word in order)))
            if not Path("crashed").exists():
                Path("crashed").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            said.append((await built_in.run("built in")).output)
            said.append(await whole())
            try: await odd.run("Be odd.")
            except UserError as error: assert "retires" in str(error) and "retries" in str(error), error
            else: raise AssertionError
            return second.output.people, ticked, said

        if __name__ == "__main__":
            handle = f.run()
            people, ticked, said = handle.wait(progress=False)
            assert people == 126_003, people
            assert "5" in ticked, ticked
            assert said == ["a!", "b!", "c!", "built in!", "inside!"], said
            calls = Path("calls.log").read_text().splitlines()
            assert sorted(calls) == sorted(
                ["structured"] * 2 + ["clock"] * 2 + ["tick 4", "echo a", "echo b", "echo c", "echo built in", "echo inside"]
            ), calls
            made = {call.name: call for call in handle.execution.checkpoints}
            assert set(made) >= {
                "geo_graphy_model", "geo_graphy_2_model", "clocks_model", "clocks_model_2", "clocks_tick",
                "agent_model", "agent_2_model", "agent_3_model", "built_in_model", "whole", "odd_model",
            }, set(made)
            assert len(made) == 11, set(made)
            assert made["agent_2_model"].checkpoint == "agent_model" and made["clocks_tick"].type == "tool_call"
            assert (made["whole"].usage.calls, made["whole"].usage.input_tokens) == (1, 7)
            stored = kitaru.load(handle.exec_id, "agent_model")
            assert stored["parts"][0]["content"] in ("a!", "b!", "c!")

            # Outside a flow the wrapped agent is the plain one, and leaves nothing behind.
            assert echoes.run_sync("outside").output == "outside!" and len(KitaruClient().executions.list()) == 1
        """,
    )
    project.run("main.py", env={"KITARU_PROGRESS": "off"})


def test_the_example_does_what_it_says(project):
    shutil.copy(HERE / "examples" / "module_guide.py", project.path)
    told = project.run("module_guide.py").stdout.splitlines()
    assert told[0].startswith("- json: JSON ")
    assert told[-1] == "attempts: 2, model calls: 5"
    assert (project.path / "model_calls.txt").read_text().count("call") == 5


def test_it_uses_nothing_of_kitaru_but_the_door_and_stays_small():
    files = sorted((HERE / "kitaru_pydantic_ai").glob("*.py"))
    text = "\n".join(file.read_text() for file in files)
    assert {line for line in text.splitlines() if re.match(r"\s*(from|import) kitaru\b", line)} == {
        "from kitaru import adapter"
    }
    assert len(text.splitlines()) < 700


def test_without_the_framework_the_error_says_how_to_install_it(project):
    project.write("pydantic_ai.py", "")
    ran = project.run("-c", "import kitaru_pydantic_ai", check=False)
    assert ran.returncode == 1
    assert "pip install 'pydantic-ai-slim" in ran.stderr
