"""An agent loop with tools: a model behind HTTP says which tool to call, until it knows the answer.

The model is a stand-in on this machine, so that no key is needed. It is busy at its first call, as real ones are: the
checkpoint's retries ask it again. After a crash no call that was answered is made, or paid for, again.
"""

import json
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import kitaru
from kitaru import checkpoint, flow

STOCK = {"tea": 4, "coffee": 0, "cocoa": 11}
TOOLS: dict[str, Callable[[str], Any]] = {
    "search": lambda word: [name for name in STOCK if word in name],
    "stock": lambda name: STOCK[name],
}


class FakeModel(BaseHTTPRequestHandler):
    """Asks for both tools, one after the other, and then answers from what they said."""

    calls = 0

    def do_POST(self) -> None:
        FakeModel.calls += 1
        messages = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        replies: list[dict[str, Any]] = [
            {"tool": "search", "argument": "co"},
            {"tool": "stock", "argument": (messages[-1]["content"] or ["tea"])[-1] if len(messages) == 2 else ""},
            {"text": f"There are {messages[-1]['content']} packets of cocoa."},
        ]
        self.send_response(503 if FakeModel.calls == 1 else 200)
        self.end_headers()
        self.wfile.write(json.dumps(replies[len(messages) - 1]).encode())

    def log_message(self, *_: object) -> None: ...


@checkpoint(retries=2, type="llm_call")
def ask_model(url: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(messages).encode())
    with urllib.request.urlopen(request, timeout=30) as response:
        reply: dict[str, Any] = json.load(response)
    kitaru.log(messages=len(messages))
    return reply


@checkpoint(type="tool_call", cache=False)
def call_tool(name: str, argument: str) -> Any:
    return TOOLS[name](argument)


@flow(cache=False)
def agent(question: str, url: str) -> str:
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    for step in range(10):
        kitaru.progress(f"step {step + 1}")
        reply = ask_model(url, messages)
        if "text" in reply:
            return str(reply["text"])
        found = call_tool(reply["tool"], reply["argument"])
        messages = [*messages, {"role": "tool", "content": found}]
    raise RuntimeError("the model has not answered after 10 steps")


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), FakeModel)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handle = agent.run("What is there to drink?", f"http://127.0.0.1:{server.server_port}")
    print(handle.wait())
    for call in handle.execution.checkpoints:
        print(f"  {call.name}: {call.status}, started {len(call.attempts)} times")
