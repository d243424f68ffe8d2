"""What Claude Code says is stored as it is: every message of the SDK and every part of one, in the installed release."""

from __future__ import annotations

import dataclasses

from claude_agent_sdk import AssistantMessage, ToolUseBlock, types

from kitaru.adapter import ObjectSerializer
from kitaru_claude_agent_sdk._messages import Messages
from tests.conformance.instances import changed, instances

SERIALIZER = ObjectSerializer(Messages())
# Of what the options hold, functions and streams for one, nothing is a message.
KINDS = [
    kind
    for name, kind in sorted(vars(types).items())
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and name.endswith(("Message", "Block", "Event", "Use"))
]


def test_every_message_and_part_of_one_comes_back_equal():
    made = [one for kind in KINDS for one in instances(kind)]
    assert {"AssistantMessage", "ResultMessage", "UserMessage", "ThinkingBlock"} <= {kind.__name__ for kind in KINDS}
    assert changed([*made, made], SERIALIZER) == []


def test_what_a_tool_is_given_stays_data_whatever_its_keys_are():
    call = ToolUseBlock(id="1", name="note", input={"class": "TextBlock", "__class__": "TextBlock", "text": ["so"]})
    assert changed([[AssistantMessage(content=[call], model="claude")]], SERIALIZER) == []
