"""What Claude Code's own record of a session says of an attempt that was killed, and how the session goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import anyio
from claude_agent_sdk import get_session_messages, get_session_messages_from_store
from mcp import ClientSession
from mcp.shared.memory import create_client_server_memory_streams

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from claude_agent_sdk import ClaudeAgentOptions, SessionMessage

_GO_ON: Final = "Continue from where you left off. If you had finished, give your whole answer again."
_DONE: Final = "Your call {name}({input}) was cut off and has been completed since; do not make it again. Its result:"


async def recorded(options: ClaudeAgentOptions, session: str, directory: str) -> list[SessionMessage]:
    """Return what was written down of a session; nothing where it is not here."""
    if options.session_store is not None:
        return await get_session_messages_from_store(options.session_store, session, directory)
    return get_session_messages(session, directory)


def answers(messages: Sequence[SessionMessage]) -> dict[str, dict[str, Any]]:
    """Return the model's answers by their ids; one may be written down in several pieces."""
    entries = [message.message for message in messages if message.type == "assistant"]
    return {answer["id"]: answer for answer in entries if answer["model"] != "<synthetic>"}  # Claude Code's own words


def cut_off(messages: Sequence[SessionMessage]) -> list[dict[str, Any]]:
    """Return the calls of tools that have no result: each with ``id``, ``name`` and ``input``."""
    contents = [message.message["content"] for message in messages]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    ended = {part["tool_use_id"] for part in parts if part["type"] == "tool_result"}
    return [part for part in parts if part["type"] == "tool_use" and part["id"] not in ended]


async def call(server: Any, tool: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """Call a tool of a server in this process, and return its result as parts of a message to the model."""
    async with create_client_server_memory_streams() as (ours, theirs), anyio.create_task_group() as serving:
        serving.start_soon(server.run, *theirs, server.create_initialization_options())
        async with ClientSession(*ours) as session:
            await session.initialize()
            result = await session.call_tool(tool, arguments)
        serving.cancel_scope.cancel()
    return [_said(part.model_dump(mode="json", exclude_none=True, by_alias=True)) for part in result.content]


def go_on(results: Iterable[tuple[dict[str, Any], list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """Return what is said to a session that was cut off: that it goes on, and how its calls have ended since."""
    content = [_text(_GO_ON)]
    for made, result in results:
        content += [_text(_DONE.format(name=made["name"], input=json.dumps(made["input"]))), *result]
    return [{"type": "user", "message": {"role": "user", "content": content}, "parent_tool_use_id": None}]


def _said(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] == "image":
        return {"type": "image", "source": {"type": "base64", "media_type": part["mimeType"], "data": part["data"]}}
    return _text(part["text"] if part["type"] == "text" else json.dumps(part))


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
