"""Flows that fail in the end, in many places, and what the error says of what the user wrote."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from counting import count
from expecting import raised
from failing import fail

from kitaru import KitaruUserCodeError, checkpoint, flow

if TYPE_CHECKING:
    from kitaru import CheckpointFuture, Flow, FlowHandle

FOREIGN = ("kitaru/", "zenml/", "site-packages", "concurrent/futures", "asyncio", "threading.py")


class OwnError(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@checkpoint
def ok() -> int:
    return count("ok")


@checkpoint
def bad() -> str:
    count("bad")
    fail("nothing here")


@flow(retries=1)
def in_checkpoint() -> str:
    ok()
    return bad()


@flow
def in_future() -> CheckpointFuture[str]:
    return bad.submit()


@flow
def in_body() -> NoReturn:
    ok()
    raise OwnError(7, "said the body\nin two lines")


@flow
def chained() -> NoReturn:
    try:
        fail("at first")
    except LookupError as error:
        raise OwnError(1, "and then") from error


@flow
async def in_async() -> NoReturn:
    await nested()


async def nested() -> NoReturn:
    fail("deep")


@flow
def long_message() -> NoReturn:
    raise ValueError("x" * 200_000)


def error_of(flow: Flow[[], Any], **options: Any) -> tuple[FlowHandle[Any], KitaruUserCodeError, str]:
    """Run a flow and return its handle, the error that waiting for it raises, and that one's traceback."""
    handle = flow.run(cache=False, **options)
    error = raised(KitaruUserCodeError, lambda: handle.wait(progress=False))
    for again in (error, pickle.loads(pickle.dumps(error))):
        assert again.exec_id == handle.exec_id
        assert again.status == handle.status == "failed"
        assert again.recovery == f"kitaru executions retry {handle.exec_id}"
        assert handle.exec_id in str(again)
    assert str(raised(KitaruUserCodeError, handle.get)) == str(error)
    assert error.traceback is not None
    for foreign in FOREIGN:
        assert foreign not in error.traceback, error.traceback
    return handle, error, error.traceback


def frames(traceback: str) -> list[str]:
    return [line.split(" in ")[1] for line in traceback.splitlines() if line.startswith("  File")]


def failure_in_a_checkpoint() -> None:
    handle, error, traceback = error_of(in_checkpoint)
    assert (error.exception_type, error.exception_message) == ("builtins.LookupError", "nothing here")
    assert (error.failure_origin, error.checkpoint) == ("checkpoint", "bad")
    assert "LookupError: nothing here" in str(error)
    assert "'bad'" in str(error)
    assert frames(traceback) == ["in_checkpoint", "bad", "fail"], traceback
    assert "return bad()" in traceback
    assert "failing.py" in traceback
    assert (Path("ok").read_text(encoding="utf-8"), Path("bad").read_text(encoding="utf-8")) == ("x", "xx")
    execution = handle.execution
    assert [(attempt.number, attempt.outcome) for attempt in execution.attempts] == [(1, "failed"), (2, "failed")]
    assert execution.failure is not None
    assert execution.failure.traceback == traceback
    calls = [(call.name, call.status, len(call.attempts)) for call in execution.checkpoints]
    assert calls == [("ok", "completed", 1), ("bad", "failed", 2)]


def failure_in_a_future() -> None:
    handle, error, _ = error_of(in_future)
    failure = (error.failure_origin, error.checkpoint, error.exception_message)
    assert failure == ("checkpoint", "bad", "nothing here")
    assert [attempt.number for attempt in handle.execution.attempts] == [1]


def failure_in_the_body() -> None:
    handle, error, traceback = error_of(in_body, retries=1)
    message = "said the body\nin two lines"
    assert (error.exception_type, error.exception_message) == ("__main__.OwnError", message), vars(error)
    assert (error.failure_origin, error.checkpoint) == ("flow", None)
    assert len(handle.execution.attempts) == 2
    assert traceback.count("  File") == 1
    assert "in in_body" in traceback


def failure_with_a_cause() -> None:
    _, _, traceback = error_of(chained)
    assert traceback.index("at first") < traceback.index("and then"), traceback


def failure_in_async_code() -> None:
    _, _, traceback = error_of(in_async)
    assert frames(traceback) == ["in_async", "nested", "fail"], traceback


def failure_with_a_long_message() -> None:
    _, error, _ = error_of(long_message)
    assert len(str(error)) < 3000, len(str(error))
    assert error.exception_message is not None
    assert error.exception_message.startswith("xxx")


def main() -> None:
    failure_in_a_checkpoint()
    failure_in_a_future()
    failure_in_the_body()
    failure_with_a_cause()
    failure_in_async_code()
    failure_with_a_long_message()
    print("as written")


if __name__ == "__main__":
    main()
