"""OpenAI's responses, as far as agents use them for a conversation with tools, not streamed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.model_server import Answer


def translated(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in the terms of chat completions."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    tools = [{"type": "function", "function": {"name": tool["name"]}} for tool in body.get("tools") or ()]
    return {"model": body["model"], "stream": body.get("stream"), "messages": list(_messages(items)), "tools": tools}


def response(body: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """Return an answer as a response."""
    given, made = answer.tokens
    output: list[dict[str, Any]] = [
        {"type": "function_call", "id": _id("fc"), "call_id": _id("call"), "status": "completed", **call}
        for call in _calls(answer)
    ]
    if answer.text is not None:
        said = {"type": "output_text", "text": answer.text, "annotations": []}
        message = {"type": "message", "id": _id("msg"), "role": "assistant", "status": "completed", "content": [said]}
        output.insert(0, message)
    usage = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": _id("resp"),
        "object": "response",
        "created_at": 1_700_000_000,
        "model": body["model"],
        "status": "completed",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {**usage, **details},
    }


def _messages(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if item.get("type") == "function_call_output":
            yield {"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]}
        elif item.get("type") == "function_call":
            function = {"name": item["name"], "arguments": item["arguments"]}
            yield {"role": "assistant", "content": None, "tool_calls": [{"id": item["call_id"], "function": function}]}
        else:
            parts = item["content"]
            text = parts if isinstance(parts, str) else "".join(part.get("text", "") for part in parts)
            yield {"role": item["role"], "content": text}


def _calls(answer: Answer) -> Iterator[dict[str, Any]]:
    for name, arguments in answer.calls:
        yield {"name": name, "arguments": json.dumps(arguments)}


def _id(kind: str) -> str:
    return f"{kind}_{uuid4().hex[:20]}"
