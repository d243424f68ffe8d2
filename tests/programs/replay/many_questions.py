"""Five executions of a flow; its second version notes how many of them run at once, and fails for one."""

from __future__ import annotations

import time
from pathlib import Path

from marks import note

from kitaru import checkpoint, flow

VERSION = 1
RUNNING = Path("running")


@checkpoint
def question(number: int) -> str:
    return f"question {number}"


@checkpoint
def prompt(text: str) -> str:
    if VERSION == 2:
        marker = RUNNING / text
        marker.parent.mkdir(exist_ok=True)
        marker.touch()
        at_once = len(list(RUNNING.iterdir()))
        print("at once", at_once)
        note("most.txt", at_once)
        time.sleep(0.5)
        marker.unlink()
        if text.endswith("3"):
            raise ValueError("three is too much")
    return f"{text}?" if VERSION == 1 else f"{text}, please?"


@flow
def ask(number: int) -> str:
    return prompt(question(number))


def main() -> None:
    handles = [ask.run(number) for number in range(5)]
    for handle in handles:
        handle.wait(progress=False)
        print(handle.exec_id)


if __name__ == "__main__":
    main()
