"""A body that goes through a set, whose order is another one in the process of a retry."""

from __future__ import annotations

import os

from marks import ending, lines, note, once, ran, show

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def length(word: str) -> int:
    ran(f"length of {word}")
    return len(word)


@flow
def measure(text: str) -> dict[str, int]:
    words = set(text.split())
    note("orders.txt", " ".join(words))
    lengths = {word: length(word) for word in words}
    if once("measured"):
        raise ConnectionError("this once")
    return lengths


def main() -> None:
    os.environ["PYTHONHASHSEED"] = "1"
    handle = measure.run("a bb ccc dddd eeeee ffffff")
    ending(handle)
    os.environ["PYTHONHASHSEED"] = "2"  # of the runner that the retry starts
    handle.retry(env="current")
    show(**ending(handle), orders=len(set(lines("orders.txt"))))


if __name__ == "__main__":
    main()
