"""Checkpoints that factories make, the names of calls, and which results of an earlier execution are reused."""

from __future__ import annotations

import uuid
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
from pydantic import BaseModel

from kitaru import Checkpoint, checkpoint, flow


class A(BaseModel):
    x: int


class B(BaseModel):
    x: int


def scaler(factor: int, offset: list[int] | None = None) -> Checkpoint[[int], int]:
    @checkpoint
    def scale(x: int) -> int:
        return x * factor + (offset or [0])[0]

    return scale


double, triple = scaler(2), scaler(3)


def recursive() -> Checkpoint[[int], int]:
    @checkpoint
    def again(n: int) -> int:
        return n if n == 0 else again.func(n - 1)

    return again


@checkpoint
def fresh(*_args: Any, **_kwargs: Any) -> str:
    return uuid.uuid4().hex


@checkpoint(cache=False)
def always(_: int) -> str:
    return uuid.uuid4().hex


@checkpoint(cache=True)
def kept(_: int) -> str:
    return uuid.uuid4().hex


@checkpoint
def fresh_2() -> str:
    return uuid.uuid4().hex


@checkpoint
def grow(x: list[int]) -> list[int]:
    return [*x, 1]


@checkpoint
def edited(_: int) -> str:
    return uuid.uuid4().hex  # version 1


@flow
def names() -> tuple[Any, ...]:
    made = [scaler(n)(10) for n in (4, 5)]
    return double(10), triple(10), made, scaler(1, [7])(1), recursive()(3), [each(2) for each in (double, triple)]


@flow
def cached() -> dict[str, str]:
    return {
        "none": fresh(),
        "int": fresh(1),
        "str": fresh("1"),
        "True": fresh(True),
        "float": fresh(1.0),
        "None": fresh(None),
        "text None": fresh("None"),
        "split": fresh(a="1b", b=""),
        "unsplit": fresh(a="1", b="b"),
        "list": fresh([1, 2]),
        "tuple": fresh((1, 2)),
        "set": fresh({1, 2}),
        "strs": fresh(["1", "2"]),
        "model a": fresh(A(x=1)),
        "model b": fresh(B(x=1)),
        "frame": fresh(pd.DataFrame({"a": [1]})),
        "big": fresh("x" * 10_000),
        "bytes": fresh(b"xy"),
        "chain": fresh(grow(grow([0]))),
        "other name": fresh_2(),
        "always": always(1),
        "kept": kept(1),
        "edited": edited(1),
        "future": fresh([grow.submit([5]), 2]),
        "shape": fresh((grow.submit([5]), 2)),
    }


def main() -> None:
    handle = names.run()
    print(handle.wait(progress=False))
    print([call.name for call in handle.execution.checkpoints])
    first = cached.run()
    one = first.wait(progress=False)
    assert len(set(one.values())) == len(one), sorted(one, key=lambda name: one[name])
    assert [call.status for call in first.execution.checkpoints].count("cached") == 1, "grow([5]) twice"
    second = cached.run()
    two = second.wait(progress=False)
    assert {name for name in one if one[name] != two[name]} == {"always"}, (one, two)
    states = {call.name: call.status for call in second.execution.checkpoints}
    assert states["always"] == "completed", states
    assert states["fresh"] == "cached", states
    assert states["kept"] == "cached", states
    three = cached.run(cache=False).wait(progress=False)
    assert {name for name in one if one[name] == three[name]} == {"kept"}, (one, three)
    print("cached")


if __name__ == "__main__":
    main()
