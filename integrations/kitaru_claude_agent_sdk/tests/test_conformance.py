"""The conformance suite on the Claude Agent SDK, with the Claude Code that it brings along.

Claude Code makes the requests, so that a whole query is one checkpoint, and not each request.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.suite import Conformance, numbered

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.model_server import Answer, Asked

# How the model is told of a call that a crash cut off and that was made again since.
COMPLETED = re.compile(
    r"Your call \S+\(.*?\) was cut off and has been completed since; do not make it again. Its result:"
)


class TestClaudeAgentSDK(Conformance):
    flows = Path(__file__).with_name("flows.py")
    model = "query"
    deletions = 2
    writer = ("writer_query", "writer_tide_table")

    def answering(self, script: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        """Have the model read the results that came in after a crash."""

        def answer(asked: Asked) -> Answer:
            given = [message["content"] for message in asked.messages if message["role"] == "user"]
            late = iter([result for text in given for result in COMPLETED.split(text)[1:]])
            # A session that is taken up again has concurrent results in the order in which they came.
            told = [message["content"] for message in asked.messages if message["role"] == "tool"]
            results = iter(sorted(next(late) if "interrupted" in result else result for result in told))
            read = [
                {**message, "content": next(results)} if message["role"] == "tool" else message
                for message in asked.messages
            ]
            return script(replace(asked, body={**asked.body, "messages": read}))

        return answer

    def check_the_walk(self, execution: dict[str, Any]) -> None:
        made = {call["name"]: call for call in execution["checkpoints"]}
        assert set(made) == {"walker_query"} | numbered("walker_step", 9)
        assert {name: len(call["attempts"]) for name, call in made.items() if len(call["attempts"]) > 1} == {
            "walker_query": 2,
            "walker_step_6": 2,
        }
        assert made["walker_query"]["type"] == "llm_call"
        assert {call["type"] for name, call in made.items() if name != "walker_query"} == {"tool_call"}
        # 3 dollars a million tokens in and 15 dollars a million tokens out, those of the attempt that was killed too.
        used = execution["usage"]
        assert (used["calls"], used["input_tokens"], used["output_tokens"]) == (10, 55_000, 1000), used
        assert used["cost"] == pytest.approx(55_000 * 3e-6 + 1000 * 15e-6)
        assert made["walker_step"]["usage"] is None

    def check_the_reading(self, execution: dict[str, Any]) -> None:
        made = {call["name"]: call for call in execution["checkpoints"]}
        assert set(made) == {"reader_query", "reader_unsteady"} | numbered("reader_fetch", 4)
        assert [attempt["status"] for attempt in made["reader_unsteady"]["attempts"]] == ["failed", "completed"]
        assert len(made["reader_fetch_4"]["attempts"]) == 2
        assert execution["usage"]["calls"] == 4
