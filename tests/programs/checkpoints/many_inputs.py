"""A checkpoint takes the results of eight others, waited for or not."""

from __future__ import annotations

from typing import Any

from kitaru import checkpoint, flow


@checkpoint
def text(n: int) -> str:
    return f"text {n}"


@checkpoint
def joined(texts: Any) -> str:
    return " ".join(texts)


@flow
def both_ways() -> list[str]:
    first = text(0)
    futures = [text.submit(n) for n in range(1, 8)]
    both = [joined.submit([first, *futures]), joined.submit([first, *(future.result() for future in futures)])]
    return [future.result() for future in both]


def main() -> None:
    handle = both_ways.run()
    whole = " ".join(f"text {n}" for n in range(8))
    assert handle.wait(progress=False) == [whole, whole]
    parents = {call.name: call.parents for call in handle.execution.checkpoints}
    assert len(parents["joined"]) == 8, parents
    assert len(parents["joined_2"]) == 8, parents


if __name__ == "__main__":
    main()
