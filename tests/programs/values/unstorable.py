"""Values that cannot be stored, as outputs and arguments of checkpoints, and as results and inputs of flows."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from kitaru import KitaruUsageError, KitaruUserCodeError, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from kitaru import FlowHandle


@dataclass
class Holder:
    lock: object


def opened() -> TextIO:
    return open(__file__, encoding="utf-8")  # noqa: PTH123 - it is to be open


def generator() -> Iterator[int]:
    return (i for i in range(3))


def locked() -> threading.Lock:
    return threading.Lock()


def held() -> Holder:
    return Holder(threading.Lock())


def deep() -> dict[str, list[threading.Lock]]:
    return {"a": [threading.Lock()]}


MAKE: dict[str, Callable[[], Any]] = {maker.__name__: maker for maker in (opened, generator, locked, held, deep)}
TYPES = {"opened": "TextIOWrapper", "generator": "generator", "locked": "lock", "held": "Holder", "deep": "lock"}


@checkpoint
def make(kind: str) -> Any:
    return MAKE[kind]()


@checkpoint
def two(kind: str) -> tuple[int, Annotated[object, "second"]]:
    return 1, MAKE[kind]()


@checkpoint
def three() -> tuple[int, int, int]:
    return 1, 2  # type: ignore[return-value]


@checkpoint
def nothing() -> None:
    return 3  # type: ignore[return-value]


@checkpoint
def take(value: object) -> object:
    return value


@checkpoint
def one() -> str:
    return "one"


def refusal(call: Callable[..., object], *args: object) -> str:
    """Return why a call was refused."""
    try:
        call(*args)
    except KitaruUsageError as error:
        return str(error)
    raise AssertionError(f"{call} {args} was accepted")


def failure(handle: FlowHandle[Any]) -> KitaruUserCodeError:
    """Return what an execution failed with."""
    try:
        handle.wait(progress=False)
    except KitaruUserCodeError as error:
        return error
    raise AssertionError("a lock was stored")


def assert_says(text: str, *words: str) -> None:
    for word in words:
        assert word in text, text


@flow
def in_calls() -> str:
    for kind, fresh in MAKE.items():
        says = refusal(make, kind)
        assert_says(says, "output of checkpoint 'make", TYPES[kind], "Return", "materializers")
        says = refusal(take, fresh())
        assert_says(says, "argument of checkpoint 'take", TYPES[kind], "Pass")
        beside_a_future = [take.submit(1), fresh()]
        says = refusal(take, beside_a_future)
        assert_says(says, "argument of checkpoint 'take", TYPES[kind])
    assert_says(refusal(two, "locked"), "(2 of 2)", "lock")
    assert_says(refusal(three), "annotated to return 3 values, but returned tuple of 2")
    assert_says(refusal(nothing), "annotated to return None")
    return one()


@flow
def in_result() -> dict[str, threading.Lock]:
    return {"lock": threading.Lock()}


@flow
def taken(value: object) -> str:
    return one()


def main() -> None:
    calls, result = in_calls.run(), in_result.run()
    assert calls.wait(progress=False) == "one"
    error = failure(result)
    assert_says(str(error), "flow's result cannot be stored", "lock")
    assert error.failure_origin == "flow", error.failure_origin
    assert_says(refusal(taken.run, threading.Lock()), "Input 'value' of flow 'taken'", "lock", "Pass")
    print("all refused")


if __name__ == "__main__":
    main()
