"""An assistant that looks at what a server offers, runs a flow, answers, retries, replays and compares.

The command of the server is its argument; it prints the names of the tools and of those that change something.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from assistant import Assistant
from mcp import Client, StdioServerParameters


async def look_at_tools(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert client.instructions is not None
    assert "answer_wait" in client.instructions
    hints = {}
    for name, tool in tools.items():
        assert tool.description, name
        assert tool.annotations is not None
        assert tool.annotations.title, name
        hints[name] = tool.annotations
        for parameter, about in tool.input_schema["properties"].items():
            assert "description" in about, (name, parameter)
    assert [name for name, hint in hints.items() if hint.destructive_hint] == ["cancel_execution"]
    print(*tools)
    print(*(name for name, hint in hints.items() if not hint.read_only_hint))


async def start_amid_mistakes(ask: Assistant) -> str:
    """Start the flow while other calls are wrong: each is told in words, and nothing waits for the slow ones."""
    started, typo, missing, unknown, unfit, status, lost = await asyncio.gather(
        ask.call("run_flow", target="publishing.py:article", inputs={"topic": "owls"}),
        ask.refused("run_flow", target="publishing.py:artcle"),
        ask.refused("run_flow", target="publishing.py:article", inputs={"topics": "owls"}),
        ask.refused("get_execution", exec_id="00000000-0000-4000-8000-000000000000"),
        ask.refused("list_executions", limit="many", states="failed"),
        ask.call("get_status"),
        ask.refused("resume_execution", exec_id="nonsense"),
    )
    assert "nothing named 'artcle'" in typo, typo
    assert "article" in typo, typo
    assert "'topics', which the flow does not take" in missing, missing
    assert "00000000" in unknown, unknown
    assert "Traceback" not in unknown, unknown
    assert "limit: " in unfit, unfit
    assert "states: " in unfit, unfit
    assert "status, stack" in unfit, unfit
    assert "nonsense" in lost, lost
    assert status["where"] == "local store"
    assert status["problem"] is None
    exec_id: str = started["exec_id"]
    return exec_id


async def answer(ask: Assistant, exec_id: str) -> None:
    waiting = await ask.call("get_execution", exec_id=exec_id, wait_seconds=60)
    assert (waiting["status"], waiting["inputs"]["topic"]) == ("waiting", "owls")
    assert waiting["settings"]["image.environment.API_KEY"]["value"] == "***"
    assert "marked-key" not in str(waiting)
    assert waiting["pending_wait"]["question"] == "Publish it?"
    assert waiting["pending_wait"]["json_schema"]["type"] == "boolean"
    unfit = await ask.refused("answer_wait", exec_id=exec_id, value=[7])
    assert "yes or no" in unfit, unfit
    wrong = await ask.refused("answer_wait", exec_id=exec_id, value=True, wait="other")
    assert "'release'" in wrong, wrong
    await ask.call("answer_wait", exec_id=exec_id, value="yes", wait="release")


def put_right() -> None:
    Path("mended").touch()


def edit_flow() -> None:
    source = Path("publishing.py")
    source.write_text(source.read_text().replace("All about", "Nothing about"))


async def mend(ask: Assistant, exec_id: str) -> None:
    failed = await ask.call("get_execution", exec_id=exec_id, wait_seconds=60)
    assert (failed["status"], failed["failure"]["checkpoint"]) == ("failed", "publish"), failed
    assert failed["failure"]["message"] == "it is not mended"
    assert "result" not in failed
    late = await ask.refused("answer_wait", exec_id=exec_id, value=True)
    assert "does not wait" in late, late
    put_right()
    await ask.call("retry_execution", exec_id=exec_id)
    done = await ask.call("get_execution", exec_id=exec_id[:13], wait_seconds=60)
    assert (done["status"], done["result"]) == ("completed", {"value": {"words": 300, "tone": "dry"}}), done
    assert [(c["name"], "attempts" in c) for c in done["checkpoints"]] == [("draft", False), ("publish", True)]


async def look_at_output(ask: Assistant, exec_id: str) -> None:
    logs = await ask.call("get_logs", exec_id=exec_id)
    assert logs["lines"] == ["draft | drafting owls", "draft | kitaru: checkpoint draft failed"], logs
    output = await ask.call("get_logs", exec_id=exec_id, source="runner", lines=1, lines_from=0)
    assert len(output["lines"]) == 1
    assert "others: lines_from=" in output["lines_note"]
    whole = await ask.call("get_logs", exec_id=exec_id, source="runner", lines=2000)
    events = [(event["kind"], whole["lines"][event["line"]]) for event in whole["events"]]
    assert events[0] == ("checkpoint_started", "kitaru: checkpoint draft started"), events
    assert [event["error"] for event in whole["events"] if event["kind"] == "checkpoint_failed"] == [
        "LookupError: it is not mended"
    ]
    assert "kitaru: checkpoint draft failed" in whole["lines"]
    assert "kitaru: checkpoint draft failed" not in [line for _, line in events]
    assert "no checkpoint 'drafts'" in await ask.refused("get_logs", exec_id=exec_id, checkpoint="drafts")


async def look_at_artifacts(ask: Assistant, exec_id: str) -> None:
    [text] = (await ask.call("list_artifacts", exec_id=exec_id, name="draft"))["artifacts"]
    piece = await ask.call("get_artifact", artifact_id=text["id"], offset=160, max_text=100)
    assert piece["text"] == ("All about owls. " * 100)[160:260]
    assert (piece["next_offset"], piece["characters"]) == (260, 1600)


async def replay(ask: Assistant, first: str) -> str:
    """Replay with another input: it runs the code as it is now, and is cancelled."""
    edit_flow()
    started = await ask.call("replay_execution", exec_id=first, at="draft", inputs={"tone": "wry"})
    exec_id: str = started["exec_id"]
    replayed = await ask.call("get_execution", exec_id=exec_id, wait_seconds=60)
    assert (replayed["status"], replayed["inputs"]) == ("waiting", {"topic": "owls", "tone": "wry"}), replayed
    diff = await ask.call("diff_executions", a=exec_id, max_text=1000)
    assert diff["different"], diff
    assert diff["a"] == first, diff
    assert "draft" in diff["changed"], diff
    assert "wry" in diff["text"], diff
    assert "[cut: " in diff["text"], diff
    assert (await ask.call("cancel_execution", exec_id=exec_id))["status"] == "cancelled"
    assert "cancelled" in await ask.refused("retry_execution", exec_id=exec_id)
    return exec_id


async def look_at_lists(ask: Assistant, *exec_ids: str) -> None:
    listed: list[dict[str, Any]] = (await ask.call("list_executions", since="1h", limit=3))["executions"]
    assert [execution["exec_id"] for execution in listed] == [*exec_ids]
    assert (await ask.refused("list_executions", since="lately")).startswith("since 'lately' is no moment.")
    assert [s["name"] for s in (await ask.call("list_stacks"))["stacks"] if s["is_active"]] == ["default"]


async def main(command: str) -> None:
    server = StdioServerParameters(command=command, env=dict(os.environ), cwd=Path.cwd())
    async with Client(server, read_timeout_seconds=120) as client:
        ask = Assistant(client)
        await look_at_tools(client)
        first = await start_amid_mistakes(ask)
        await answer(ask, first)
        await mend(ask, first)
        await look_at_output(ask, first)
        await look_at_artifacts(ask, first)
        again = await replay(ask, first)
        await look_at_lists(ask, again, first)
        print("done")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
