"""A stand-in on this machine for the model of the examples, for who has no key: it asks for the tools, and reports.

It speaks as much of OpenAI's chat completions as they use: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def model_without_key() -> Iterator[None]:
    """Where OPENAI_API_KEY is not set, answer in the model's place on loopback, as long as the block lasts."""
    if os.environ.get("OPENAI_API_KEY"):
        yield
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("OPENAI_API_KEY is not set: a stand-in on this machine answers in the model's place.")
    os.environ |= {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1"}
    try:
        yield
    finally:
        server.shutdown()


def _next_calls(tools: set[str], task: str, results: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Return the tools that a model would call next, with their arguments."""
    if "look_up" in tools:
        return [] if results else [("look_up", {"module": task.split()[-2]})]
    if not results:
        return [("search", {"word": "zip"})]
    modules = json.loads(results[0])
    if len(results) == 1:
        return [("read", {"module": module}) for module in modules]
    lines = "\n".join(f"{module}: {text}" for module, text in zip(modules, results[1:], strict=False))
    return [] if len(results) > 1 + len(modules) else [("publish", {"text": f"{lines}\n"})]


def _message(request: dict[str, Any]) -> dict[str, Any]:
    said = request["messages"]
    task = next(message["content"] for message in said if message["role"] == "user")
    results = [message["content"] for message in said if message["role"] == "tool"]
    calls = [
        {"id": f"call_{len(said)}_{name}_{text}", "type": "function", "function": {"name": name, "arguments": text}}
        for name, arguments in _next_calls({tool["function"]["name"] for tool in request["tools"]}, task, results)
        for text in [json.dumps(arguments)]
    ]
    return {"role": "assistant", **({"tool_calls": calls} if calls else {"content": results[-1]})}


class _Model(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": request["model"]}
        answer["choices"] = [{"index": 0, "message": _message(request), "finish_reason": "stop"}]
        answer["usage"] = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...
