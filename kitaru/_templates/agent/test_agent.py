"""Tools and rules are plain functions below their decorators: tested without a runner, a store or a model."""

import agent

from model import Message, complete


def test_the_model_asks_for_a_tool_and_then_answers() -> None:
    question: Message = {"role": "user", "content": "What is 2 + 3?"}
    asked = complete([question], dict.fromkeys(agent.TOOLS, ""))
    assert (asked.tool, asked.argument) == ("calculate", "2 + 3")
    found = agent.use_tool.func("calculate", asked.argument)
    answer = complete(
        [question, {"role": "tool", "content": f"calculate(2 + 3) = {found}"}], dict.fromkeys(agent.TOOLS, "")
    )
    assert answer.content == "2 + 3 is 5"


def test_a_tool_that_fails_tells_the_model() -> None:
    assert agent.use_tool.func("calculate", "__import__('os')").startswith("ValueError")
