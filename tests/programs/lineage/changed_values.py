"""Results that the body changes before it passes them on, or after a checkpoint was started with them."""

from __future__ import annotations

import time
from operator import setitem
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd  # type: ignore[import-untyped]
from passed_values import VALUES

from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable

GO = Path("go")
CHANGES: dict[str, Callable[[Any], object]] = {
    "list": lambda value: value.append(4),
    "dict": lambda value: value["a"].append(2),
    "set": lambda value: value.add(3),
    "model": lambda value: value.lines.append("more"),
    "box": lambda value: setitem(value.items, 0, 2),
    "array": lambda value: setitem(value, 0, 9),
    "frame": lambda value: setitem(value.loc, (0, "a"), 9),
}


@checkpoint
def make(kind: str) -> Any:
    return VALUES[kind]()


@checkpoint
def show(value: object) -> Any:
    if isinstance(value, pd.DataFrame):
        return value["a"].tolist()
    return str(value)


@checkpoint
def show_late(value: object) -> str:
    while not GO.exists():
        time.sleep(0.01)
    return str(value)


def change_before_a_call() -> None:
    for kind in VALUES:
        value = make(kind)
        before = show(value)
        if kind in CHANGES:
            CHANGES[kind](value)
            after = show(value)
            assert after != before, (kind, before, after)
            expected = value["a"].tolist() if kind == "frame" else str(value)
            assert after == expected, (kind, after, expected)
            nested = show([{"deep": value}, 1])
            assert repr(value) in nested, (kind, nested)


def change_after_submit() -> None:
    """What happens to a value after submit() does not reach the checkpoint, started or not."""
    kinds = ("list", "dict", "box")
    values = [make(kind) for kind in kinds]
    blocked = [show_late.submit([i]) for i in range(60)]  # every thread is busy
    late = [show_late.submit(value) for value in values]
    mixed = show_late.submit([blocked[0], values[0], {"own": values[1]}])
    plain: list[Any] = [1, [2]]
    own = show_late.submit(plain)
    expected = [str(value) for value in values]
    plain[1].append(3)
    for kind, value in zip(kinds, values, strict=True):
        CHANGES[kind](value)
    GO.touch()
    assert [future.result() for future in late] == expected, [future.result() for future in late]
    assert own.result() == "[1, [2]]"
    assert mixed.result() == "['[0]', [1, 2, 3], {'own': {'a': [1]}}]", mixed.result()


def change_back() -> None:
    """Equal to what was stored, which may then be passed on."""
    value = make("list")
    value.append(4)
    value.pop()
    assert show(value) == "[1, 2, 3]"


def reuse_an_id() -> Any:
    """Python gives the id of a value that is gone to another one."""
    value: Any = None
    for i in range(20):
        value = make("list")
        value = [i, "other"]
        assert show(value) == str([i, "other"])
    return value


@flow
def changing() -> Any:
    GO.unlink(missing_ok=True)
    change_before_a_call()
    change_after_submit()
    change_back()
    return reuse_an_id()


if __name__ == "__main__":
    print(changing.run(cache=False).wait(progress=False))
