"""Claude reads what was changed in a Git repository and writes release notes, which a person releases.

``python release_notes.py [FOLDER]``: it lists the latest commits with one tool, looks at those that it wants to know more of
with another, and asks before it writes ``RELEASE_NOTES.md``. Answer on the terminal, or by ``kitaru executions input``. It
needs ANTHROPIC_API_KEY, or a login of Claude Code; kill it when you like, and start nothing anew: it goes on.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, create_sdk_mcp_server, tool

from kitaru import flow
from kitaru_claude_agent_sdk import KitaruClaude, durable_tools


def git(folder: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
    return {"content": [{"type": "text", "text": (done.stdout or done.stderr)[:20_000]}]}


@tool("commits", "List the latest commits of the repository, the newest first.", {"folder": str, "number": int})
async def commits(arguments: dict[str, Any]) -> dict[str, Any]:
    return git(arguments["folder"], "log", "--oneline", f"--max-count={int(arguments['number'])}")


@tool("change", "Show what one commit changed.", {"folder": str, "commit": str})
async def change(arguments: dict[str, Any]) -> dict[str, Any]:
    if not re.fullmatch("[0-9a-f]{4,40}", arguments["commit"]):  # and no option of git's
        return {"content": [{"type": "text", "text": "That is no commit's hash."}]}
    return git(arguments["folder"], "show", "--stat", arguments["commit"])


@tool("publish", "Write the release notes.", {"folder": str, "text": str})
async def publish(arguments: dict[str, Any]) -> dict[str, Any]:
    await asyncio.to_thread(
        Path(arguments["folder"], "RELEASE_NOTES.md").write_text, arguments["text"], encoding="utf-8"
    )
    return {"content": [{"type": "text", "text": "RELEASE_NOTES.md is written."}]}


claude = KitaruClaude(name="writer", approve=["publish"])
options = ClaudeAgentOptions(
    model="claude-sonnet-4-5",
    system_prompt="Write release notes for users: what is new for them, a line each. Publish them.",
    tools=[],  # none of Claude Code's own
    mcp_servers={"git": create_sdk_mcp_server("git", tools=durable_tools([commits, change, publish]))},
    allowed_tools=["mcp__git"],
    setting_sources=[],
)


@flow(retries=1)
def release_notes(folder: str) -> str | None:
    last = claude.query_sync(prompt=f"What is new in the repository at {folder}?", options=options)[-1]
    return last.result if isinstance(last, ResultMessage) else None


if __name__ == "__main__":
    handle = release_notes.run(str(Path(sys.argv[1] if sys.argv[1:] else ".").resolve()))
    print(handle.wait())
    for call in handle.execution.checkpoints:
        print(f"{call.name}: {call.status}")
    print(handle.execution.usage)
