"""One flow, unchanged, on every stack that is named: the same result, and how long each part took.

    python examples/switch_stacks.py                          # on the active stack
    python examples/switch_stacks.py default docker kube      # one after the other

Stacks that run containers need a base image with Python that this machine can pull, unless ZenML's own is wanted:
KITARU_IMAGE=python:3.11-slim python examples/switch_stacks.py docker
"""

from __future__ import annotations

import sys
import time

from kitaru import checkpoint, current_stack, flow


@checkpoint(cache=False)
def words(text: str) -> list[str]:
    return text.lower().split()


@checkpoint(cache=False)
def count(word: str, among: list[str]) -> int:
    return among.count(word)


@flow(cache=False)
def frequencies(text: str) -> dict[str, int]:
    found = words(text)
    return {word: count(word, found) for word in sorted(set(found))}


def run_on(stack: str) -> dict[str, int]:
    started = time.monotonic()
    handle = frequencies.run("the flow goes where the stack goes", stack=stack)  # builds the image where one is needed
    submitted = time.monotonic()
    result = handle.wait(progress=False)
    ended = time.monotonic()
    print(f"{stack:<12} submitted in {submitted - started:5.1f} s, result after {ended - submitted:5.1f} s: {result}")
    return result


if __name__ == "__main__":
    results = [run_on(stack) for stack in sys.argv[1:] or [current_stack().name]]
    assert all(result == results[0] for result in results), results
    print("the same result on all of them")
