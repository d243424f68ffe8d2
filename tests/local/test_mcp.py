"""`kitaru-mcp` as an assistant has it: the SDK's own client, over stdin and stdout of a real server process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

KITARU_MCP = Path(sys.executable).with_name("kitaru-mcp")

PAGE = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text(encoding="utf-8")
# The tools that the page tells of, in its order: those of a read-only server come first.
TOLD = [name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]
LOOKING = TOLD[: TOLD.index("run_flow")]
CHANGING = TOLD[TOLD.index("run_flow") :]


def test_an_assistant_runs_answers_replays_and_compares(project) -> None:
    project.take("mcp/publishing.py", "mcp/assistant.py", "mcp/ask_server.py")
    done = project.run("ask_server.py", KITARU_MCP, timeout=300)
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
    project.take("mcp/without_sdk.py")
    done = project.run("without_sdk.py", check=False)
    assert done.returncode == 1
    assert "pip install 'kitaru-zenml[mcp]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_page_gives_a_registration_that_is_json() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (entry,) = json.loads(block)["mcpServers"].values()
    assert Path(entry["command"]).name == KITARU_MCP.name
