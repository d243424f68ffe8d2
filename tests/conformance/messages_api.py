"""Anthropic's messages, as far as Claude Code uses them for a conversation with tools."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.model_server import Answer

# What Claude Code adds to what people and tools say.
_ADDED = re.compile(r"\s*<system-reminder>.*?</system-reminder>\s*", re.DOTALL)

# What it says for the model where a session that was cut off is taken up again.
_NOTHING = "No response requested."


def translated(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in the terms of chat completions, without what Claude Code adds to it."""
    messages: list[dict[str, Any]] = []
    for message in body["messages"]:
        parts = message["content"]
        parts = [{"type": "text", "text": parts}] if isinstance(parts, str) else parts
        messages += [
            {"role": "tool", "tool_call_id": part["tool_use_id"], "content": _text(part.get("content") or "")}
            for part in parts
            if part["type"] == "tool_result"
        ]
        said = _text([part for part in parts if part["type"] == "text"])
        calls = [
            {"id": part["id"], "function": {"name": _short(part["name"]), "arguments": json.dumps(part["input"])}}
            for part in parts
            if part["type"] == "tool_use"
        ]
        if (said and said != _NOTHING) or calls:
            messages.append({"role": message["role"], "content": said, "tool_calls": calls})
    tools = [{"type": "function", "function": {"name": _short(tool["name"])}} for tool in body.get("tools", ())]
    return {"model": body["model"], "stream": body.get("stream"), "messages": messages, "tools": tools}


def events(body: dict[str, Any], answer: Answer) -> Iterator[str]:
    """Yield an answer as the events of a stream."""
    given, made = answer.tokens
    head = {
        "id": f"msg_{uuid4().hex[:20]}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": given, "output_tokens": 1},
    }
    yield _event("message_start", message=head)
    for index, (block, deltas) in enumerate(_blocks(body, answer)):
        yield _event("content_block_start", index=index, content_block=block)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    stop = {"stop_reason": "tool_use" if answer.calls else "end_turn", "stop_sequence": None}
    yield _event("message_delta", delta=stop, usage={"output_tokens": made})
    yield _event("message_stop")


def _blocks(body: dict[str, Any], answer: Answer) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    if answer.text:
        words = re.findall(r"\S+\s*", answer.text)
        yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in words]
    names = {_short(tool["name"]): tool["name"] for tool in body.get("tools", ())}
    for name, arguments in answer.calls:
        if name not in names:
            yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": f"there is no tool {name}"}]
            continue
        block = {"type": "tool_use", "id": f"toolu_{uuid4().hex[:20]}", "name": names[name], "input": {}}
        yield block, [{"type": "input_json_delta", "partial_json": json.dumps(arguments)}]


def _event(name: str, **about: Any) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **about})}\n\n"


def _short(tool: str) -> str:
    """Return a tool's name without that of its server."""
    return tool.split("__", 2)[-1]


def _text(content: Any) -> str:
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return _ADDED.sub("", text).strip()
