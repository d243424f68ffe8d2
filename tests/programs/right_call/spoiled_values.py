"""A body that changes in place what it was given, and passes a value beside a future; two of its attempts fail."""

from __future__ import annotations

from typing import Any

from marks import ending, lines, note, once, ran, show

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def numbers() -> list[int]:
    ran("numbers")
    return [1, 2, 3]


@checkpoint(cache=False)
def word(letter: str) -> str:
    ran(f"word {letter}")
    return f"word of {letter}"


@checkpoint(cache=False)
def joined(words: list[Any]) -> str:
    ran("joined")
    return " and ".join(words)


@checkpoint(cache=False)
def publish(text: str) -> str:
    ran("publish")
    if once("first attempt") or once("second attempt"):
        raise ConnectionError("the mail server is away")
    return text


@flow(retries=2)
def spoiled(given: list[int]) -> str:
    own = numbers()
    text = joined([word("a"), word.submit("b")])
    own.append(4)
    given.append(8)
    note("seen.txt", (own, given))
    return publish(text)


if __name__ == "__main__":
    show(**ending(spoiled.run([7])), seen=lines("seen.txt"))
