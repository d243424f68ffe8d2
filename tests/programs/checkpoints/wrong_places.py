"""Calls in the wrong place: of checkpoints outside a flow or inside another, in a thread, as methods; of flows."""

from __future__ import annotations

import threading
from typing import Any

from expecting import refused

from kitaru import KitaruContextError, KitaruUsageError, checkpoint, flow


@checkpoint
def inner() -> int:
    return 1


@checkpoint
def outer(how: str) -> Any:
    call: dict[str, Any] = {
        "call": inner,
        "submit": inner.submit,
        "map": lambda: inner.map([1]),
        "func": inner.func,
    }
    return call[how]()


@flow
def other() -> int:
    return 1


def said_in_a_thread() -> str:
    messages = []

    def call() -> None:
        try:
            inner()
        except KitaruContextError as error:
            messages.append(str(error))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return messages[0]


@flow
def misplaced() -> int:
    for how in ("call", "submit", "map"):
        with refused(KitaruContextError, "'inner'", "inside checkpoint 'outer", "inner.func("):
            outer(how)
    assert outer("func") == 1
    with refused(KitaruContextError, "other.run(...)", "body of a flow", "inside a checkpoint", "other.func"):
        other.run()
    with refused(KitaruUsageError, "other.run(...).wait()"):
        other()
    message = said_in_a_thread()
    assert "thread" in message
    assert "inner.submit" in message, message
    return inner()


class Holder:
    @checkpoint
    def method(self) -> int:
        return 1


def main() -> None:
    for call in (inner, inner.submit, lambda: inner.map([1]), lambda: inner.product([1])):
        with refused(KitaruContextError, "'inner'", "outside a flow", "@flow", ".run(", "inner.func("):
            call()
    with refused(KitaruUsageError, "'method'", "method", "function"):
        Holder().method()  # type: ignore[call-arg]
    with refused(KitaruUsageError, "'misplaced'", "misplaced.run(...).wait()"):
        misplaced()
    assert inner.func() == 1
    assert other.func() == 1
    print(misplaced.run().wait(progress=False))


if __name__ == "__main__":
    main()
