"""A model server on this machine that answers as a test says, and counts requests.

It speaks OpenAI's chat completions and responses, and Anthropic's messages; what is asked is shown to a test in OpenAI's terms.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.conformance import messages_api, responses_api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL = "gpt-4o-mini"


@dataclass(frozen=True)
class Asked:
    """What a client asked."""

    body: dict[str, Any]
    key: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body["messages"]

    @property
    def turn(self) -> int:
        """Which answer of the conversation is asked for, from 1."""
        return 1 + sum(message["role"] == "assistant" for message in self.messages)

    @property
    def results(self) -> list[str]:
        """What tools have returned so far."""
        return [_text(message["content"]) for message in self.messages if message["role"] == "tool"]


@dataclass(frozen=True)
class Answer:
    """What the model says: text, or calls of tools by name and arguments."""

    text: str | None = None
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    tokens: tuple[int, int] = (100, 10)
    status: int = 200


@dataclass
class ModelServer:
    """A running server.

    Attributes:
        url: What a client's base URL is.
        answer: From what is asked to the answer; it sees the whole conversation, and so needs no memory.
        asked: What was asked, in the order of arrival.
    """

    url: str
    answer: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)

    def env(self, key: str) -> dict[str, str]:
        """The environment that leads a client here."""
        return {
            "OPENAI_BASE_URL": self.url,
            "OPENAI_API_KEY": key,
            "ANTHROPIC_BASE_URL": self.url.removesuffix("/v1"),
            "ANTHROPIC_API_KEY": key,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }


@contextmanager
def model_server(answer: Callable[[Asked], Answer], address: str = "127.0.0.1") -> Iterator[ModelServer]:
    """Run a server as long as the block lasts, on loopback unless another address of this machine is given."""
    http = ThreadingHTTPServer((address, 0), _Handler)
    http.daemon_threads = True
    server = ModelServer(f"http://{address}:{http.server_port}/v1", answer)
    http.known = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0]
        if not path.endswith(("/chat/completions", "/responses", "/messages")):
            self._send(404, json.dumps({"error": {"message": f"there is no {self.path} here"}}))
            return
        server: ModelServer = self.server.known  # type: ignore[attr-defined]
        key = self.headers.get("x-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        apis = {"messages": messages_api.translated, "responses": responses_api.translated}
        asked = Asked(apis.get(path.rpartition("/")[2], dict)(body), key)
        server.asked.append(asked)
        answer = server.answer(asked)
        if answer.status != 200:
            self._send(answer.status, json.dumps({"error": {"message": answer.text, "type": "error"}}))
        elif path.endswith("/messages"):
            assert body.get("stream"), "Claude Code streams"
            self._send(200, "".join(messages_api.events(body, answer)), "text/event-stream")
        elif path.endswith("/responses"):
            assert not body.get("stream"), "responses are not streamed here"
            self._send(200, json.dumps(responses_api.response(body, answer)))
        elif body.get("stream"):
            self._send(200, "".join(f"data: {chunk}\n\n" for chunk in _chunks(answer)), "text/event-stream")
        else:
            self._send(200, json.dumps(_completion(answer)))

    def _send(self, status: int, text: str, kind: str = "application/json") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def _completion(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.calls:
        message["tool_calls"] = _calls(answer)
    finish = "tool_calls" if answer.calls else "stop"
    return {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": _usage(answer),
    }


def _chunks(answer: Answer) -> Iterator[str]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": f"{word} "} for word in (answer.text or "").split(" ")[:-1]]
    deltas += [{"content": (answer.text or "").split(" ")[-1]}] if answer.text else []
    deltas += [{"tool_calls": [{"index": i, **call}]} for i, call in enumerate(_calls(answer))]
    head = {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": MODEL,
    }
    for delta in deltas:
        yield json.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    finish = "tool_calls" if answer.calls else "stop"
    yield json.dumps({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    yield json.dumps({**head, "choices": [], "usage": _usage(answer)})
    yield "[DONE]"


def _calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{uuid4().hex[:16]}",  # another one at each request, as from a real model
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for name, arguments in answer.calls
    ]


def _usage(answer: Answer) -> dict[str, int]:
    given, made = answer.tokens
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
