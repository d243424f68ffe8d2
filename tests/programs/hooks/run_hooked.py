"""Let executions end in every way, and see what became of their hooks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hook_flows import asks, doubled, mended
from zenml.client import Client

from kitaru import FlowHandle, KitaruExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


def lines() -> list[str]:
    file = HERE / "called.txt"
    return file.read_text().splitlines() if file.exists() else []


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not true():
        assert time.monotonic() < deadline, lines()
        time.sleep(0.05)


def states(exec_id: str) -> dict[str, str]:
    metadata = Client().get_pipeline_run(exec_id).run_metadata
    return {name: entry["state"] for name, entry in metadata.items() if name.startswith("kitaru_hook_")}  # type: ignore[index, call-overload]


def log_of(handle: FlowHandle[Any]) -> str:
    return "\n".join(entry.message for entry in handle.logs(source="runner"))


def fails(handle: FlowHandle[int]) -> None:
    try:
        handle.wait(timeout=200)
    except KitaruExecutionError as error:
        assert "not yet" in str(error)  # noqa: PT017 - a program, not a test
    else:
        raise AssertionError("it has not failed")


def main() -> None:
    first = doubled.run(2)
    assert first.wait(timeout=200) == 4
    until(lambda: "doubled at last completed" in lines())
    assert lines() == [
        "double failed in 2",
        "double_2 completed in 1",
        "doubled completed None",
        "doubled async completed",
        "doubled at last completed",
    ], lines()
    until(lambda: set(states(first.exec_id).values()) == {"done", "failed"})
    assert list(states(first.exec_id).values()).count("failed") == 1
    log = log_of(first)
    assert (
        "hook broken (on_success) failed, which changes nothing else: ValueError: POST https://hooks.example/***" in log
    )
    assert "hook broken_of_call (on_success of checkpoint double_2) failed" in log
    assert "not-for-logs" not in log, log
    assert first.execution.status == "completed"

    assert doubled.run(2).wait(timeout=200) == 4  # double_2 comes from the cache, which is no call that has ended
    until(lambda: lines().count("doubled at last completed") == 2)
    assert lines().count("double_2 completed in 1") == 1

    handle = mended.run()
    fails(handle)
    until(lambda: "mended at last failed" in lines())
    handle.retry()
    fails(handle)
    until(lambda: lines().count("mended at last failed") == 2)  # due again for the new end, and not between attempts
    (HERE / "mended").touch()
    assert handle.retry().wait(timeout=200) == 1
    until(lambda: "mended at last completed" in lines())
    assert [line for line in lines() if line.startswith("mended ")] == [
        *(["mended failed not yet", "mended at last failed"] * 2),
        "mended completed None",
        "mended at last completed",
    ]

    questions = asks.run()
    until(lambda: "asks waiting for first" in lines())
    questions.input(True)
    until(lambda: "asks waiting for second" in lines())
    until(lambda: Client().get_pipeline_run(questions.exec_id).status.value == "paused")
    questions.cancel()
    until(lambda: "asks at last cancelled" in lines())
    assert [line for line in lines() if line.startswith("asks ")] == [
        "asks waiting for first",
        "asks waiting for second",
        "asks cancelled None",
        "asks at last cancelled",
    ]
    until(
        lambda: "hook alert (on_end) failed, which changes nothing else: KitaruStackError: Stack" in log_of(questions)
    )
    assert questions.status == "cancelled"


if __name__ == "__main__":
    main()
