"""Flows whose checkpoints and bodies are tried again after some failures and not after others."""

from __future__ import annotations

import contextlib
import itertools
import time
from pathlib import Path
from typing import Any

from counting import count
from expecting import raised

from kitaru import FlowHandle, KitaruUsageError, KitaruUserCodeError, Retry, checkpoint, flow

LONG = Retry(times=1, delay=600, longest=600, jitter=False)


def is_flaky(error: BaseException) -> bool:
    if isinstance(error, LookupError):
        raise RuntimeError("cannot tell")  # noqa: TRY004 - it is wrong on purpose
    return isinstance(error, OSError)


@checkpoint(cache=False, retries=Retry(times=3, delay=0, on=(OSError,), never=(PermissionError,)))
def listed(name: str, *errors: str) -> str:
    return fail_in_turn(name, *errors)


@checkpoint(cache=False, retries=Retry(times=3, delay=0, on=is_flaky))
def predicted(name: str, *errors: str) -> str:
    return fail_in_turn(name, *errors)


@checkpoint(cache=False, retries=LONG)
def rests() -> None:
    raise OSError("rests")


@checkpoint(cache=False)
def goes() -> str:
    return "goes"


def fail_in_turn(name: str, *errors: str) -> str:
    kinds = {"os": OSError, "permission": PermissionError, "value": ValueError, "key": KeyError}
    number = count(name)
    if number <= len(errors):
        raise kinds[errors[number - 1]](name)
    return "fine"


@flow(retries=Retry(times=5, delay=0.2, jitter=False, on=(OSError,)))
def choosing() -> dict[str, str]:
    seen = {}
    for name, errors in (("twice", ["os", "os"]), ("never", ["permission"]), ("other", ["os", "value"])):
        with contextlib.suppress(OSError, ValueError):
            seen[name] = listed.with_options(id=name)(name, *errors)
    for name, errors in (("flaky", ["os"]), ("unsure", ["os", "key"])):
        with contextlib.suppress(LookupError):
            seen[name] = predicted.with_options(id=name)(name, *errors)
    if (number := count("body")) < 3:
        raise ConnectionError(f"body {number}")
    raise ValueError("body")


@flow
def gives_up() -> str:
    resting = rests.submit()
    while "rests" not in {name for name, _ in failures()}:
        time.sleep(0.05)
    with contextlib.suppress(TimeoutError):
        resting.result(timeout=0.1)
    return goes.submit().result()


@flow
def is_cancelled() -> None:
    rests()


@flow(retries=Retry(times=1, on=lambda _: True))
def unknown() -> None:
    goes()


def failures() -> set[tuple[str, int]]:
    """Return the failed attempts that another one follows, as the record has them."""
    from kitaru import KitaruClient, current_execution_id

    execution = KitaruClient().executions.get(current_execution_id() or "")
    return {(call.name, a.number) for call in execution.checkpoints for a in call.attempts if a.next_at is not None}


def calls(handle: FlowHandle[Any]) -> dict[str, tuple[str, int]]:
    return {call.name: (call.status, len(call.attempts)) for call in handle.execution.checkpoints}


def what_is_raised_decides(handle: FlowHandle[Any]) -> None:
    error = raised(KitaruUserCodeError, lambda: handle.wait(progress=False))
    assert error.exception_message == "body", vars(error)
    counts = {
        name: len(Path(name).read_text(encoding="utf-8")) for name in ("twice", "never", "other", "flaky", "unsure")
    }
    # Each attempt at the body tries again what failed in the one before.
    assert counts == {"twice": 3, "never": 2, "other": 3, "flaky": 2, "unsure": 3}, counts
    assert {status for status, _ in calls(handle).values()} == {"completed"}, calls(handle)
    log = "\n".join(entry.message for entry in handle.logs(source="runner"))
    assert "checkpoint twice failed (OSError: twice), tried again at once (retry 1 of 3)" in log, log
    assert "is_flaky raised RuntimeError: cannot tell" in log, log
    assert "attempt 1 failed (ConnectionError: body 1); tried again in 0.2 s" in log, log


def delays_of_attempts_are_recorded(handle: FlowHandle[Any]) -> None:
    attempts = handle.execution.attempts
    assert [attempt.outcome for attempt in attempts] == ["failed"] * 3, attempts
    assert attempts[-1].next_at is None
    delays = []
    for before, after in itertools.pairwise(attempts):
        assert before.next_at is not None
        assert before.ended_at is not None
        assert after.started_at >= before.next_at, attempts
        delays.append((before.next_at - before.ended_at).total_seconds())
    assert 0 < delays[0] < 0.2 < delays[1] < 0.4, delays
    settings = handle.execution.settings["retries"].value
    assert (settings["times"], settings["on"]) == (5, ["OSError"]), settings


def nobody_waits_for_a_call_that_was_given_up(handle: FlowHandle[str]) -> None:
    assert handle.wait(progress=False) == "goes"
    assert calls(handle)["rests"] == ("failed", 1), calls(handle)


def a_cancelled_execution_waits_no_longer(handle: FlowHandle[None]) -> None:
    while not [attempt for call in handle.execution.checkpoints for attempt in call.attempts if attempt.next_at]:
        time.sleep(0.05)
    assert calls(handle) == {"rests": ("running", 1)}, calls(handle)
    handle.cancel()
    assert handle.status == "cancelled"
    assert calls(handle) == {"rests": ("cancelled", 1)}, calls(handle)


def what_another_process_cannot_have_is_refused() -> None:
    error = raised(KitaruUsageError, unknown.run)
    assert str(error).startswith("@flow(retries=): on= gives"), error


def main() -> None:
    handles = choosing.run(), gives_up.run(), is_cancelled.run()
    what_another_process_cannot_have_is_refused()
    what_is_raised_decides(handles[0])
    delays_of_attempts_are_recorded(handles[0])
    nobody_waits_for_a_call_that_was_given_up(handles[1])
    a_cancelled_execution_waits_no_longer(handles[2])
    print("as chosen")


if __name__ == "__main__":
    main()
