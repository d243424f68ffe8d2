"""Calls of checkpoints in a flow's body: what they return, and how their futures are waited for, mapped and passed on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
from expecting import refused

from kitaru import (
    CheckpointFuture,
    CheckpointFutures,
    Flow,
    KitaruTimeoutError,
    KitaruUsageError,
    checkpoint,
    flow,
    unmapped,
)


@checkpoint
def number(x: Any) -> Any:
    return x


@checkpoint
def text(x: object) -> str:
    return f"text {x}"


@checkpoint
def add(a: Any, b: Any = 10, *more: Any, **named: Any) -> Any:
    return a + b + sum(more) + sum(named.values())


@checkpoint
def items(n: int) -> list[int]:
    return list(range(n))


@checkpoint
def late(x: int, name: str) -> int:
    while not Path(name).exists():
        time.sleep(0.01)
    return x


@checkpoint
def boom(x: Any) -> Any:
    raise LookupError(f"no {x}")


@checkpoint
def timed_out() -> Any:
    raise TimeoutError("the checkpoint's own")


@checkpoint
def seen(value: object) -> str:
    return repr(value)


@checkpoint
def total(value: Any) -> Any:
    return value["frame"]["a"].sum() + value["rest"][0] + value["rest"][1][0]


def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1]})


def calls_return_values() -> None:
    assert number(3) + 1 == 4
    assert text(1).upper() == "TEXT 1"
    assert [*items(3), 9][-1] == 9
    size = "large" if number(5) > 3 else "small"
    assert size == "large"
    assert add(1) == 11
    assert add(1, 2, 3, k=4) == 10
    assert add(b=1, a=1) == 2
    with refused(KitaruUsageError, "add(a: 'Any', b: 'Any' = 10", "missing a required argument: 'a'"):
        add()
    with refused(KitaruUsageError, "too many positional"):
        number(1, 2)


def futures_are_waited_for() -> None:
    future = late.submit(7, "one")
    assert not future.done()
    assert future.name == "late"
    with refused(KitaruTimeoutError, "late", "0.05 s"):
        future.result(timeout=0.05)
    assert "pending" in repr(future)
    Path("one").touch()
    assert future.result() == 7
    assert future.result(timeout=1) == 7
    assert future.done()
    assert future.exception() is None
    failed = boom.submit(1)
    assert isinstance(failed.exception(), LookupError)
    with refused(LookupError, "no 1"):
        failed.result()
    with refused(TimeoutError, "own"):  # and no KitaruTimeoutError
        timed_out.submit().result()


def sequences_are_mapped() -> CheckpointFutures[Any]:
    assert number.map([1, 2]).results() == [1, 2]
    assert number.map(range(3)).results() == [0, 1, 2]
    assert number.map((1, 2)).results() == [1, 2]
    assert number.map(x * 2 for x in range(2)).results() == [0, 2]
    assert number.map(items(2)).results() == [0, 1]
    assert number.map(items.submit(2)).results() == [0, 1]
    first: CheckpointFutures[Any] = number.map([4, 5])
    assert number.map(first).results() == [4, 5]
    assert [future.result() for future in first] == [4, 5]
    assert add.map([1, 2], [3, 4]).results() == [4, 6]
    assert add.map([1, 2], b=[3, 4], k=5).results() == [9, 11]
    assert add.map([1, 2], 5).results() == [6, 7]
    assert seen.map([1, 2]).results() == ["1", "2"]
    assert number.map([]).results() == []
    assert late.map([1], unmapped("one")).results() == [1]
    assert late.map([1], "one").results() == [1]
    assert number.map([[1], [2]]).results() == [[1], [2]]
    return first


def sequences_are_combined() -> None:
    assert add.product([1, 2], [10, 20]).results() == [11, 21, 12, 22]
    assert add.product([1], b=[2, 3]).results() == [3, 4]
    assert add.product([1], []).results() == []


def what_is_no_sequence_is_not_mapped() -> None:
    with refused(KitaruUsageError, "[2, 3]", "unmapped", "product"):
        add.map([1, 2], [1, 2, 3])
    with refused(KitaruUsageError, "number.map", "submit"):
        number.map(3)
    with refused(KitaruUsageError, "number.product", "submit"):
        number.product("text")
    with refused(KitaruUsageError, "number.map"):
        number.map({"a": 1})
    with refused(KitaruUsageError, "number.map"):
        number.map(unmapped([1]))


def futures_are_passed_on(a: CheckpointFuture[Any], b: CheckpointFuture[Any], mapped: CheckpointFutures[Any]) -> None:
    assert number(a) == 1
    assert add(a, b) == 3
    assert add(a, b=b, c=a) == 4
    assert add(*[a, b]) == 3
    assert seen([a, 5, (b, {"k": a, 7: [b]})]) == "[1, 5, (2, {'k': 1, 7: [2]})]"
    assert seen([[a, b], 3]) == "[[1, 2], 3]"
    assert seen(((a,), [])) == "((1,), [])"
    assert seen({"x": a, (1, 2): b}) == "{'x': 1, (1, 2): 2}"
    assert seen({"frames": [frame(), [a, b]]}).startswith("{'frames': [   a")
    assert seen([frame(), [a, b]]).endswith("[1, 2]]")
    assert total({"frame": pd.DataFrame({"a": [1, 2]}), "rest": [a, (b,)]}) == 6
    assert seen(mapped) == "[4, 5]"
    assert seen([mapped, mapped[0]]) == "[[4, 5], 4]"
    assert seen(number.submit([1, (2,)])) == "[1, (2,)]"
    assert seen([boom.submit(9).exception() is None]) == "[False]"
    with refused(LookupError, "no 3"):
        number(boom.submit(3))
    with refused(LookupError, "no 4"):
        number([1, boom.submit(4)])


@flow
def everything() -> dict[str, Any]:
    for name in ("one", "two"):
        Path(name).unlink(missing_ok=True)
    calls_return_values()
    futures_are_waited_for()
    mapped = sequences_are_mapped()
    sequences_are_combined()
    what_is_no_sequence_is_not_mapped()
    a, b = number.submit(1), number.submit(2)
    futures_are_passed_on(a, b, mapped)
    # Futures may stand in the flow's result, waited for or not.
    Path("two").touch()
    return {"one": a, "list": [late.submit(8, "two"), (b, 3)], "map": number.map([1, 2]), "frame": frame()}


@flow
def future_alone() -> CheckpointFuture[list[int]]:
    return items.submit(2)


@flow
def futures_alone() -> Any:
    return number.map([1, 2])


@flow
def tuple_of() -> tuple[CheckpointFuture[Any], int]:
    return number.submit(1), number(2)


def main() -> None:
    flows: tuple[Flow[[], Any], ...] = (everything, future_alone, futures_alone, tuple_of)
    handles = [started.run(cache=False) for started in flows]
    result, *others = [handle.wait(progress=False) for handle in handles]
    assert result.pop("frame")["a"].tolist() == [1]
    print(result, *others)


if __name__ == "__main__":
    main()
