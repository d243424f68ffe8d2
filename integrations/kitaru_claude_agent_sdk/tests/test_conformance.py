"""The conformance suite on the Claude Agent SDK, with the Claude Code that it brings along.

Claude Code makes the requests, so that a whole query is one checkpoint, and not each request. A call that a crash cut
off is told to the model as interrupted; the model of these tests then makes it again, which is one request more.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.model_server import Answer, Asked
from tests.conformance.suite import Conformance, numbered

if TYPE_CHECKING:
    from collections.abc import Callable

# What the tools of the suite return. Claude Code says in several ways that a call was cut off.
RESULT = re.compile("step|page|steady|deleted")


class TestClaudeAgentSDK(Conformance):
    flows = Path(__file__).with_name("flows.py")
    model = "query"
    requests = 11
    turns = (1, 2, 3, 4, 5)

    def answering(self, script: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        def answer(asked: Asked) -> Answer:
            cut_off = {
                message["tool_call_id"]
                for message in asked.messages
                if message["role"] == "tool" and not RESULT.match(message["content"])
            }
            calls = [call for message in asked.messages for call in message.get("tool_calls") or ()]
            if calls and calls[-1]["id"] in cut_off:
                again = calls[-1]["function"]
                return Answer(calls=((again["name"], json.loads(again["arguments"])),))
            # What was cut off was made again: to the script it never happened.
            kept = [
                message
                for message in asked.messages
                if message.get("tool_call_id") not in cut_off
                and not any(call["id"] in cut_off for call in message.get("tool_calls") or ())
            ]
            # A session that is taken up again has concurrent results in the order in which they came.
            results = iter(sorted(message["content"] for message in kept if message["role"] == "tool"))
            kept = [{**message, "content": next(results)} if message["role"] == "tool" else message for message in kept]
            return script(replace(asked, body={**asked.body, "messages": kept}))

        return answer

    def check_the_walk(self, execution: dict[str, Any]) -> None:
        made = {call["name"]: call for call in execution["checkpoints"]}
        # The call that was cut off is made again under another name: to the model it is another one.
        assert set(made) == {"walker_query"} | numbered("walker_step", 10)
        assert [attempt["status"] for attempt in made["walker_query"]["attempts"]] == ["failed", "completed"]
        assert made["walker_query"]["type"] == "llm_call"
        assert {call["type"] for name, call in made.items() if name != "walker_query"} == {"tool_call"}
        assert {len(call["attempts"]) for name, call in made.items() if name != "walker_query"} == {1}
        assert made["walker_step_6"]["status"] == "failed"
        # What Claude Code used before it was killed it told nobody: turn six again, seven to nine, and the answer,
        # at 3 dollars a million tokens in and 15 dollars a million tokens out.
        used = execution["usage"]
        assert (used["calls"], used["input_tokens"]) == (5, 100 + 7000 + 8000 + 9000 + 10_000), used
        assert used["cost"] == pytest.approx(used["input_tokens"] * 3e-6 + used["output_tokens"] * 15e-6)
        assert made["walker_query"]["usage"]["calls"] == 5
        assert made["walker_step"]["usage"] is None

    def check_the_reading(self, execution: dict[str, Any]) -> None:
        made = {call["name"]: call for call in execution["checkpoints"]}
        assert set(made) == {"reader_query", "reader_unsteady"} | numbered("reader_fetch", 5)
        assert [attempt["status"] for attempt in made["reader_unsteady"]["attempts"]] == ["failed", "completed"]
        assert execution["usage"]["calls"] == 3
