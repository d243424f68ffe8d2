"""A flow that fails, and a script that starts it without a guard, as the runner's import of it takes for granted."""

from __future__ import annotations

from kitaru import checkpoint, flow


@checkpoint
def parse(text: str) -> int:
    return int(text)


@flow
def f() -> int:
    return parse("one")


handle = f.run()
handle.wait(progress=False)
