"""What a newcomer has written: flows and checkpoints to call in wrong ways, some of which are wrong themselves.

Without ``from __future__ import annotations``, as newcomers write: messages show signatures as they are written here.
"""

import threading
from collections.abc import Iterator

import kitaru
from kitaru import checkpoint, flow


@checkpoint
def one(x: int = 1) -> int:
    return x


@checkpoint
async def later(x: int = 1) -> int:
    return x


@checkpoint
def nested() -> int:
    return one(1)


@checkpoint
def pause() -> object:
    return kitaru.wait()


@checkpoint
def locked() -> threading.Lock:
    return threading.Lock()


@checkpoint
def lines() -> Iterator[str]:
    return (line for line in "ab")


@flow
def f(x: int = 1) -> int:
    return one(x)


class Agent:
    pass
