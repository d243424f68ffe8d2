"""A body that goes through a set, whose order is another one in the process that an answer starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from marks import answer_all, ending, lines, note, ran, show

import kitaru
from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from kitaru import PendingWait


@checkpoint(cache=False)
def length(word: str) -> int:
    ran(f"length of {word}")
    return len(word)


@flow
def measure(text: str) -> dict[str, int]:
    words = set(text.split())
    note("orders.txt", " ".join(words))
    lengths = {word: length(word) for word in words}
    kitaru.wait(bool, name="ok", question="Go on?", timeout=0)
    return lengths


def answer_from_another_process(_: PendingWait) -> bool:
    os.environ["PYTHONHASHSEED"] = "2"  # of the runner that the answer starts
    return True


def main() -> None:
    os.environ["PYTHONHASHSEED"] = "1"
    handle = measure.run("a bb ccc dddd eeeee ffffff")
    answer_all(handle, answer_from_another_process)
    show(**ending(handle), orders=len(set(lines("orders.txt"))))


if __name__ == "__main__":
    main()
