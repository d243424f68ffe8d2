"""`kitaru-mcp` as an assistant has it: the SDK's own client, over stdin and stdout of a real server process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assistant import ASSISTANT

KITARU_MCP = Path(sys.executable).with_name("kitaru-mcp")

PAGE = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text(encoding="utf-8")
# The tools that the page tells of, in its order: those of a read-only server come first.
TOLD = [name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]
LOOKING = TOLD[: TOLD.index("run_flow")]
CHANGING = TOLD[TOLD.index("run_flow") :]

FLOWS = """
    import os
    from pathlib import Path
    from pydantic import BaseModel
    import kitaru
    from kitaru import checkpoint, flow

    print("this module is loaded", flush=True)  # which the protocol must not see

    class Report(BaseModel):
        words: int
        tone: str

    @checkpoint
    def draft(topic: str) -> str:
        print("drafting", topic)
        os.write(2, b"kitaru: checkpoint draft failed\\n")  # which is the flow's output, not its runner's word
        return f"All about {topic}. " * 100

    @checkpoint
    def publish(text: str, tone: str) -> Report:
        if not Path("mended").exists():
            raise LookupError("it is not mended")
        return Report(words=len(text.split()), tone=tone)

    @flow(image={"environment": {"API_KEY": "marked-key"}})
    def article(topic: str, tone: str = "dry") -> Report:
        text = draft(topic)
        kitaru.wait(question="Publish it?", name="release")
        return publish(text, tone)
"""

CLIENT = """
    import asyncio, os, sys
    from pathlib import Path
    from mcp import Client, StdioServerParameters
    import assistant

    server = StdioServerParameters(command=sys.argv[1], env=dict(os.environ), cwd=os.getcwd())

    async def main():
        async with Client(server, read_timeout_seconds=120) as client:
            call, refused = assistant.of(client)

            # -- what it offers
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert "answer_wait" in client.instructions
            for tool in tools.values():
                assert tool.description and tool.annotations.title
                for name, about in tool.input_schema["properties"].items():
                    assert "description" in about, (tool.name, name)
            assert [name for name, tool in tools.items() if tool.annotations.destructive_hint] == ["cancel_execution"]
            print(*tools)
            print(*(name for name, tool in tools.items() if not tool.annotations.read_only_hint))

            # -- what is wrong is told in words, and nothing waits for the slow ones
            started = call("run_flow", target="flows.py:article", inputs={"topic": "owls"})
            started, typo, missing, unknown, unfit, status, lost = await asyncio.gather(
                started,
                refused("run_flow", target="flows.py:artcle"),
                refused("run_flow", target="flows.py:article", inputs={"topics": "owls"}),
                refused("get_execution", exec_id="00000000-0000-4000-8000-000000000000"),
                refused("list_executions", limit="many", states="failed"),
                call("get_status"),
                refused("resume_execution", exec_id="nonsense"),
            )
            assert "nothing named 'artcle'" in typo and "article" in typo, typo
            assert "'topics', which the flow does not take" in missing, missing
            assert "00000000" in unknown and "Traceback" not in unknown, unknown
            assert "limit: " in unfit and "states: " in unfit and "status, stack" in unfit, unfit
            assert "nonsense" in lost, lost
            assert status["where"] == "local store" and status["problem"] is None

            # -- a flow that asks
            first = started["exec_id"]
            waiting = await call("get_execution", exec_id=first, wait_seconds=60)
            assert (waiting["status"], waiting["inputs"]["topic"]) == ("waiting", "owls")
            assert waiting["settings"]["image.environment.API_KEY"]["value"] == "***"
            assert "marked-key" not in str(waiting)
            assert waiting["pending_wait"]["question"] == "Publish it?"
            assert waiting["pending_wait"]["json_schema"]["type"] == "boolean"
            unfit = await refused("answer_wait", exec_id=first, value=[7])
            assert "yes or no" in unfit, unfit
            wrong = await refused("answer_wait", exec_id=first, value=True, wait="other")
            assert "'release'" in wrong, wrong
            await call("answer_wait", exec_id=first, value="yes", wait="release")

            # -- it fails, is mended, and goes on
            failed = await call("get_execution", exec_id=first, wait_seconds=60)
            assert (failed["status"], failed["failure"]["checkpoint"]) == ("failed", "publish"), failed
            assert failed["failure"]["message"] == "it is not mended" and "result" not in failed
            late = await refused("answer_wait", exec_id=first, value=True)
            assert "does not wait" in late, late
            Path("mended").touch()
            await call("retry_execution", exec_id=first)
            done = await call("get_execution", exec_id=first[:13], wait_seconds=60)
            assert (done["status"], done["result"]) == ("completed", {"value": {"words": 300, "tone": "dry"}}), done
            assert [(c["name"], "attempts" in c) for c in done["checkpoints"]] == [("draft", False), ("publish", True)]

            # -- what it left
            assert (await call("get_logs", exec_id=first))["lines"] == ["draft | drafting owls"]
            output = await call("get_logs", exec_id=first, source="runner", lines=1, lines_from=0)
            assert len(output["lines"]) == 1 and "others: lines_from=" in output["lines_note"]
            whole = await call("get_logs", exec_id=first, source="runner", lines=2000)
            told = [(event["kind"], whole["lines"][event["line"]]) for event in whole["events"]]
            assert told[0] == ("checkpoint_started", "kitaru: checkpoint draft started"), told
            assert [event["error"] for event in whole["events"] if event["kind"] == "checkpoint_failed"] == [
                "LookupError: it is not mended"
            ]
            assert "kitaru: checkpoint draft failed" in whole["lines"]
            assert "kitaru: checkpoint draft failed" not in [line for _, line in told]
            assert "no checkpoint 'drafts'" in await refused("get_logs", exec_id=first, checkpoint="drafts")
            [text] = (await call("list_artifacts", exec_id=first, name="draft"))["artifacts"]
            piece = await call("get_artifact", artifact_id=text["id"], offset=160, max_text=100)
            assert piece["text"] == ("All about owls. " * 100)[160:260]
            assert (piece["next_offset"], piece["characters"]) == (260, 1600)

            # -- a replay runs the code as it is now, and is cancelled
            source = Path("flows.py").read_text()
            Path("flows.py").write_text(source.replace("All about", "Nothing about"))
            replay = (await call("replay_execution", exec_id=first, at="draft", inputs={"tone": "wry"}))["exec_id"]
            replayed = await call("get_execution", exec_id=replay, wait_seconds=60)
            assert (replayed["status"], replayed["inputs"]) == ("waiting", {"topic": "owls", "tone": "wry"}), replayed
            diff = await call("diff_executions", a=replay, max_text=1000)
            assert diff["different"] and diff["a"] == first and "draft" in diff["changed"], diff
            assert "wry" in diff["text"] and "[cut: " in diff["text"], diff
            assert (await call("cancel_execution", exec_id=replay))["status"] == "cancelled"
            assert "cancelled" in await refused("retry_execution", exec_id=replay)

            listed = (await call("list_executions", since="1h", limit=3))["executions"]
            assert [e["exec_id"] for e in listed] == [replay, first]
            assert (await refused("list_executions", since="lately")).startswith("since 'lately' is no moment.")
            assert [s["name"] for s in (await call("list_stacks"))["stacks"] if s["is_active"]] == ["default"]
            print("done")

    asyncio.run(main())
"""


def test_an_assistant_runs_answers_replays_and_compares(project) -> None:
    project.write("flows.py", FLOWS)
    project.write("client.py", CLIENT)
    project.write("assistant.py", ASSISTANT)
    done = project.run("client.py", KITARU_MCP, timeout=300)
    assert done.stdout.splitlines() == [" ".join([*LOOKING, *CHANGING]), " ".join(CHANGING), "done"], done.stderr
    # The client would complain of every line that is no message.
    assert "Failed to parse" not in done.stderr


def test_a_read_only_server_has_no_tool_that_changes_anything_and_speaks_the_protocol_alone(project) -> None:
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages = [
        {"id": 1, "method": "initialize", "params": about},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "run_flow", "arguments": {"target": "flows.py:article"}}},
        {"id": 4, "method": "tools/call", "params": {"name": "get_status", "arguments": {}}},
    ]
    server = subprocess.Popen(
        [KITARU_MCP],
        cwd=project.path,
        env={**project.home.env, "KITARU_MCP_READ_ONLY": "on"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    project.started.append(server)
    assert server.stdin is not None
    assert server.stdout is not None
    for message in messages:
        server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    server.stdin.flush()
    replies = [json.loads(server.stdout.readline()) for _ in range(4)]
    rest, log = server.communicate(timeout=300)  # which closes its stdin
    assert (rest, server.returncode) == ("", 0), log
    found = {reply["id"]: reply["result"] for reply in replies}
    assert "read-only" in found[1]["instructions"]
    tools = found[2]["tools"]
    assert [tool["name"] for tool in tools] == LOOKING
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
    assert found[3]["isError"] is True
    assert found[4]["structuredContent"]["problem"] is None


@pytest.mark.parametrize("given", ["--help", "--writable"])
def test_its_command_line_says_what_it_takes(given: str, project) -> None:
    done = project.run(KITARU_MCP, given, check=False)
    assert done.returncode == (0 if given == "--help" else 2)
    assert "--read-only" in done.stdout if given == "--help" else "No such option" in done.stderr


def test_without_the_sdk_it_says_how_to_get_it(project) -> None:
    project.write(
        "main.py",
        """
        import sys
        sys.modules["mcp"] = None  # as if it were not installed
        from kitaru._mcp.main import main
        sys.argv = ["kitaru-mcp"]
        main()
        """,
    )
    done = project.run("main.py", check=False)
    assert done.returncode == 1
    assert "pip install 'kitaru-zenml[mcp]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_page_gives_a_registration_that_is_json() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (entry,) = json.loads(block)["mcpServers"].values()
    assert Path(entry["command"]).name == KITARU_MCP.name
