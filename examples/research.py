"""Research with a human gate: a person reads the draft, asks for changes as often as they like, and releases it.

    python examples/research.py tides                        # asks on this terminal
    kitaru executions list --status waiting                  # or from another one, days later:
    kitaru executions input ID --value '{"release": false, "remark": "say more about the moon"}'
    kitaru executions input ID --value '{"release": true}'

After `timeout` seconds without an answer the flow's process ends. The answer starts it again where it stood.
"""

import sys

from pydantic import BaseModel

import kitaru
from kitaru import checkpoint, flow

LIBRARY = {
    "tides": ["The moon pulls the sea.", "There are two tides a day.", "The sun pulls as well, by half as much."],
    "moss": ["Moss has no roots.", "It drinks with its leaves."],
}


class Verdict(BaseModel):
    release: bool
    remark: str = ""


@checkpoint(retries=2)
def search(topic: str) -> list[str]:
    return LIBRARY.get(topic, [f"Nobody has written about {topic}."])


@checkpoint
def write(topic: str, facts: list[str], remarks: list[str]) -> str:
    asked = [word for remark in remarks for word in remark.lower().split()]
    first = [fact for fact in facts if any(word in fact.lower() for word in asked)]
    ordered = [*first, *(fact for fact in facts if fact not in first)]
    return f"{topic.capitalize()}, draft {len(remarks) + 1}: {' '.join(ordered)}"


@checkpoint(cache=False)  # acts on the world: never answered from the cache
def release(text: str) -> str:
    return f"released: {text}"


@flow
def research(topic: str, timeout: float = 600) -> str:
    facts = search(topic)
    remarks: list[str] = []
    while True:
        draft = write(topic, facts, remarks)
        verdict = kitaru.wait(Verdict, name="verdict", question=f"Release it? {draft}", timeout=timeout)
        if verdict.release:
            return release(draft)
        remarks.append(verdict.remark)


if __name__ == "__main__":
    handle = research.run(sys.argv[1] if len(sys.argv) > 1 else "tides")
    print(f"execution {handle.exec_id}", flush=True)
    print(handle.wait())
