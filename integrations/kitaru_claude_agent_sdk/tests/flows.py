"""The agents of the conformance suite, on the Claude Code that the SDK brings along."""

import sys

from claude_agent_sdk import ClaudeAgentOptions, StreamEvent, ToolAnnotations, create_sdk_mcp_server, tool
from common import crash_once, note, report, together

from kitaru import flow
from kitaru_claude_agent_sdk import KitaruClaude, durable_tools


def said(text):
    return {"content": [{"type": "text", "text": text}]}


@tool("step", "Take a step.", {"number": int})
async def step(given):
    note(f"step {given['number']}")
    if given["number"] == 6:
        crash_once()
    return said(f"step {given['number']} taken")


# Claude Code makes calls at the same time where they only read.
@tool("fetch", "Fetch a page.", {"page": str}, annotations=ToolAnnotations(readOnlyHint=True))
async def fetch(given):
    note(f"fetch {given['page']}")
    if given["page"] == "d":
        crash_once()
    else:
        await together(3)
    return said(f"page {given['page']}")


failures = []


@tool("unsteady", "Fail at first.", {})
async def unsteady(_given):
    note("unsteady")
    failures.append(1)
    if len(failures) == 1:
        raise ConnectionError("not now")
    return said("steady")


@tool("delete", "Delete a file.", {"path": str})
async def delete(given):
    note(f"delete {given['path']}")
    crash_once()  # Claude Code itself makes a call that was held back, also when it is taken up again
    return said(f"deleted {given['path']}")


def options(*tools, retries=0, **more):
    server = create_sdk_mcp_server("suite", tools=durable_tools(tools, retries=retries))
    return ClaudeAgentOptions(
        model="claude-sonnet-4-5",
        system_prompt="Do as you are told.",
        mcp_servers={"suite": server},
        allowed_tools=["mcp__suite"],
        tools=[],
        setting_sources=[],
        **more,
    )


walker = KitaruClaude(name="walker")
reader = KitaruClaude(name="reader")
keeper = KitaruClaude(name="keeper", approve=["delete"], approval_timeout=0)


@flow(retries=1)
def ten_turns() -> str:
    return walker.query_sync(prompt="Walk.", options=options(step))[-1].result.strip()


@flow(retries=1)
async def at_once() -> str:
    reading = options(fetch, unsteady, retries=1, include_partial_messages=True)
    async for message in reader.query(prompt="Read.", options=reading):
        if isinstance(message, StreamEvent) and message.event.get("delta", {}).get("text"):
            note(f"piece {message.event['delta']['text']}")
    return message.result.strip()


@flow(retries=1)
def approval() -> str:
    return keeper.query_sync(prompt="Tidy up.", options=options(delete))[-1].result.strip()


if __name__ == "__main__":
    if sys.argv[1] == "outside":
        print(walker.query_sync(prompt="Walk.", options=options(step))[-1].result.strip())
        assert "zenml" not in sys.modules
    else:
        report(globals()[sys.argv[1]], *([True, False] if sys.argv[1] == "approval" else []))
