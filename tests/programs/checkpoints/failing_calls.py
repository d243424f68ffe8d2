"""Failures of checkpoints that the body catches, that nobody looks at, and that it raises again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kitaru import Flow, FlowHandle, KitaruUserCodeError, checkpoint, flow


def add_mark(name: str) -> None:
    with Path(name).open("a", encoding="utf-8") as file:
        file.write("x")


def marks(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


@checkpoint
def ok(x: Any) -> Any:
    return x


@checkpoint
def boom(x: Any) -> Any:
    raise LookupError(f"no {x}")


@checkpoint(retries=2)
def third_time(name: str) -> str:
    add_mark(name)
    if len(marks(name)) < 3:
        raise OSError("not yet")
    return "at last"


@checkpoint(retries=1)
def never() -> Any:
    add_mark("never")
    raise OSError("never")


def message_of(call: Any, *args: object) -> str | None:
    try:
        call(*args)
    except (LookupError, OSError) as error:
        return str(error)
    return None


@flow
def caught() -> tuple[Any, ...]:
    first = message_of(boom, 1)
    second = message_of(boom.submit(2).result)
    future = boom.submit(3)
    assert isinstance(future.exception(), LookupError)
    third = [type(future.exception()).__name__ for future in boom.map([4, 5])]
    assert message_of(never) == "never"
    return first, second, third, ok("after"), third_time("call"), third_time.submit("submit")


@flow
def nobody_looked() -> Any:
    boom.submit("one")
    ok("fine")
    Path("went-on").touch()
    return ok("done")


@flow
def nobody_looked_at_a_dependent() -> Any:
    ok.submit(boom.submit("two"))
    return ok("done")


@flow
def raised_again() -> None:
    try:
        boom("three")
    except LookupError as error:
        raise ValueError("worse") from error


def error_of(handle: FlowHandle[Any]) -> KitaruUserCodeError:
    try:
        handle.wait(progress=False)
    except KitaruUserCodeError as error:
        return error
    raise AssertionError("it completed")


def check_caught(handle: FlowHandle[Any]) -> None:
    print(handle.wait(progress=False))
    tries = {call.name: (len(call.attempts), call.status) for call in handle.execution.checkpoints}
    assert tries["third_time"] == (3, "completed"), tries
    assert tries["third_time_2"] == (3, "completed"), tries
    assert tries["never"] == (2, "failed"), tries
    assert tries["boom"] == (1, "failed"), tries
    assert marks("call") == "xxx"
    assert marks("submit") == "xxx"
    assert marks("never") == "xx"


def check_nobody_looked(handle: FlowHandle[Any]) -> None:
    error = error_of(handle)
    assert Path("went-on").exists()
    assert error.checkpoint == "boom"
    assert error.failure_origin == "checkpoint"
    assert error.exception_type == "builtins.LookupError", vars(error)
    assert error.exception_message == "no one", vars(error)


def check_dependent(handle: FlowHandle[Any]) -> None:
    error = error_of(handle)
    assert error.checkpoint == "boom", error
    assert "no two" in str(error), error


def check_raised_again(handle: FlowHandle[Any]) -> None:
    error = error_of(handle)
    assert error.failure_origin == "flow"
    assert error.checkpoint is None
    assert error.exception_type == "builtins.ValueError"
    assert error.traceback is not None
    assert "LookupError: no three" in error.traceback, error.traceback
    assert "direct cause" in error.traceback, error.traceback


def main() -> None:
    flows: tuple[Flow[[], Any], ...] = (caught, nobody_looked, nobody_looked_at_a_dependent, raised_again)
    first, second, third, fourth = [started.run(cache=False) for started in flows]
    check_caught(first)
    check_nobody_looked(second)
    check_dependent(third)
    check_raised_again(fourth)


if __name__ == "__main__":
    main()
