"""An agent: a model calls tools until it knows enough, and a person approves what it wrote.

Every call of the model and of a tool is a checkpoint: after a crash, none that has completed is paid for again.
"""

import re
import sys
from datetime import date

import kitaru
from kitaru import checkpoint, flow

from model import Message, Reply, complete

MOST_STEPS = 8


def calculate(expression: str) -> str:
    """Value of a sum of whole numbers: 1969 - 1945"""
    numbers = re.findall(r"[+-]?\d+", expression.replace(" ", ""))
    if "".join(numbers) != expression.replace(" ", ""):
        raise ValueError(f"{expression!r} is not a sum of whole numbers")
    return str(sum(map(int, numbers)))


def weekday(day: str) -> str:
    """Day of the week of a date: 1969-07-20"""
    return f"{date.fromisoformat(day.strip()):%A}"


TOOLS = {tool.__name__: tool for tool in (calculate, weekday)}


@checkpoint(retries=2, type="llm_call")
def think(messages: list[Message]) -> Reply:
    reply = complete(messages, {name: tool.__doc__ or "" for name, tool in TOOLS.items()})
    kitaru.log(tokens=reply.tokens)  # shown beside the checkpoint
    return reply


@checkpoint(type="tool_call")
def use_tool(name: str, argument: str) -> str:
    try:
        return TOOLS[name](argument)
    except Exception as error:  # the model is told, and may try something else
        return f"{type(error).__name__}: {error}"


@checkpoint(cache=False)  # what acts on the world is never answered from the cache
def publish(text: str) -> str:
    return f"published: {text}"


@flow(retries=1)
def assistant(task: str) -> str:
    messages: list[Message] = [{"role": "user", "content": task}]
    for _ in range(MOST_STEPS):
        reply = think(messages)
        if reply.tool is None:
            break
        found = use_tool(reply.tool, reply.argument)
        messages = [*messages, {"role": "tool", "content": f"{reply.tool}({reply.argument}) = {found}"}]
    else:
        raise RuntimeError(f"the model has not finished after {MOST_STEPS} steps")
    if not kitaru.wait(question=f"Publish {reply.content!r}?", timeout=600):  # then it pauses: a wait of days is free
        return "thrown away"
    return publish(reply.content)


if __name__ == "__main__":  # the runner imports this file, too: what starts a flow belongs here
    task = " ".join(sys.argv[1:]) or "Which day was 1969-07-20, and what is 1969 - 1945?"
    handle = assistant.run(task)
    print(f"execution {handle.exec_id}")
    print(handle.wait())  # asks at a terminal; from elsewhere: kitaru executions input ID --value yes
