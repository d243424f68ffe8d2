"""Parts of a query that a person approves, queries at once, a session that goes on, and a query in a checkpoint."""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, create_sdk_mcp_server, tool

import kitaru
from kitaru import FlowHandle, KitaruClient, adapter, checkpoint, flow
from kitaru_claude_agent_sdk import KitaruClaude, durable_tools


@tool("delete", "Delete a file.", {"path": str})
async def delete(given: dict[str, Any]) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": f"deleted {given['path']}"}]}


server = create_sdk_mcp_server("files", tools=durable_tools([delete]))
plain = ClaudeAgentOptions(
    model="claude-sonnet-4-5",
    system_prompt="Obey.",
    tools=[],
    setting_sources=[],
    env={"MARK": "sk-in-the-environment"},
)
files = replace(plain, mcp_servers={"files": server}, allowed_tools=["mcp__files"])
tidy = KitaruClaude(name="tidy", approve=["delete"], approval_timeout=60)
claude = KitaruClaude()


def text_of(message: object) -> str:
    assert isinstance(message, ResultMessage)
    assert message.result is not None
    return message.result.strip()


@checkpoint
def whole() -> str:
    return text_of(claude.query_sync(prompt="inside", options=plain)[-1])


async def ask(prompt: str, options: ClaudeAgentOptions = plain) -> ResultMessage:
    async for message in claude.query(prompt=prompt, options=options):
        if isinstance(message, ResultMessage):
            return message  # whoever has the result need not read on
    raise AssertionError("there is no result")


def leave_empty_session() -> None:
    """Leave what an attempt that was killed at once may leave: a session without anything in it."""
    projects = Path.home() / ".claude" / "projects" / re.sub("[^a-zA-Z0-9]", "-", os.path.realpath("."))
    projects.mkdir(parents=True)
    place = adapter.current()
    assert place is not None
    (projects / f"{uuid5(NAMESPACE_URL, f'kitaru {place.exec_id} tidy 1')}.jsonl").touch()


@flow
async def f() -> list[Any]:
    leave_empty_session()
    done = [message async for message in tidy.query(prompt="Tidy.", options=files)]
    results = [message for message in done if isinstance(message, ResultMessage)]
    one, two = await asyncio.gather(ask("one"), ask("two"))
    more = await ask("more", replace(plain, resume=one.session_id))
    assert more.session_id != one.session_id
    try:
        [_ async for _ in tidy.query(prompt="x", transport=object())]  # type: ignore[arg-type]  # it takes none
    except ValueError as error:
        assert "transport=" in str(error)  # noqa: PT017 - no test, but what a flow runs
    else:
        raise AssertionError
    inside = await whole()  # type: ignore[misc]  # in async flows every call can be awaited
    return [len(results), text_of(results[0]), text_of(one), text_of(two), text_of(more), inside]


def answer_all(handle: FlowHandle[Any]) -> list[str]:
    """Agree to every call while the flow runs, and return the names of the questions."""
    client = KitaruClient()
    answered: list[str] = []
    while not handle.status.is_finished:
        for asked in client.executions.pending_waits(handle.exec_id).values():
            if asked.name not in answered:
                assert asked.question is not None
                assert asked.question.startswith('May tidy call delete({"path": '), asked
                client.executions.input(handle.exec_id, value=True)
                answered.append(asked.name)
        time.sleep(0.2)
    return answered


def main() -> None:
    handle = f.run()
    answered = answer_all(handle)
    print(handle.wait(progress=False))
    assert answered == ["tidy_approve_delete", "tidy_approve_delete_2"], answered
    execution = handle.execution
    made = {call.name: call for call in execution.checkpoints}
    assert set(made) == {
        "tidy_query",
        "tidy_query_2",
        "tidy_query_3",
        "tidy_delete",
        "tidy_delete_2",
        "claude_query",
        "claude_2_query",
        "claude_3_query",
        "whole",
    }, set(made)
    # A session that goes on tells what it used before as well; nothing is counted twice.
    used = {name: call.usage for name, call in made.items() if call.usage}
    assert [used[name].calls for name in ("tidy_query", "tidy_query_2", "tidy_query_3")] == [1, 1, 1]
    assert {usage.input_tokens for usage in used.values()} == {100}
    assert execution.usage is not None
    assert execution.usage.calls == 7
    assert execution.usage.cost is not None
    assert abs(execution.usage.cost - 7 * 0.00045) < 1e-9, execution.usage
    stored = kitaru.load(handle.exec_id, "whole")
    assert stored == "inside", stored
    [said] = [part for part in kitaru.load(handle.exec_id, "tidy_query_3") if part["class"] == "ResultMessage"]
    assert said["result"].strip() == "Tidy. / deleted a / deleted b", said


if __name__ == "__main__":
    main()
