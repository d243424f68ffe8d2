"""Run recorded executions again with another prompt, and read in a table what it changes: an evaluation without a tool."""

import os
import sys

from kitaru import KitaruClient, checkpoint, flow

SUBJECTS = ("tides", "moss", "glass", "bread", "owls")


@checkpoint
def research(number: int) -> str:
    return f"{SUBJECTS[number % len(SUBJECTS)]} are worth {number + 1} pages"  # the costly part: taken from the record


@checkpoint
def prompt(facts: str) -> str:
    """The function that is changed; here by a variable, in life in the editor."""
    if os.environ.get("PROMPT") == "polite":
        return f"Please tell me kindly: {facts}."
    return f"Tell me: {facts}."


@checkpoint
def answer(text: str) -> str:
    words = text.split()  # a stand-in for a language model
    return f"{len(words)} words, {'thank you' if 'Please' in words else 'so there'}"


@flow
def ask(number: int) -> str:
    return answer(prompt(research(number)))


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    recorded = [ask.run(number) for number in range(count)]
    for handle in recorded:
        handle.wait(progress=False)

    os.environ["PROMPT"] = "polite"
    client = KitaruClient()
    replays = client.executions.replay_many([handle.exec_id for handle in recorded], at="prompt", at_once=2)
    print(f"{len(replays.completed)} completed, {len(replays.failed)} failed")
    for diff in client.executions.diff_replays(replays):
        changed = ", ".join(call.name for call in diff.checkpoints if call.change != "equal")
        assert diff.result is not None
        print(f"{diff.b.exec_id[:8]}  {changed:<16}  {diff.result.a}  ->  {diff.result.b}")
