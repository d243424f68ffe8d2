"""A flow whose source is given to ``python -c``: no other process can import it."""

from __future__ import annotations

from kitaru import checkpoint, flow


@checkpoint
def add(first: int, second: int) -> int:
    return first + second


@flow
def next_number(number: int) -> int:
    return add(number, 1)


print(next_number.run(1).wait(progress=False))
print(next_number.run(2).wait(progress=False))
