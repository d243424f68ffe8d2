"""How programs about faults wait for executions, and hand what they have seen to their test."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from kitaru import FlowHandle, KitaruClient, KitaruExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable

executions = KitaruClient().executions


def ended(exec_id: str, timeout: float = 300) -> str:
    """Wait for the end of an execution and return how it ended: ``"completed"``, or ``"failed: "`` and why."""
    handle = FlowHandle.from_id(exec_id)
    try:
        handle.wait(timeout=timeout, progress=False)
    except KitaruExecutionError:
        failure = handle.execution.failure
        assert failure is not None, handle.execution
        return f"failed: {failure.message}"
    return "completed"


def until(test: Callable[[], object], timeout: float = 300) -> None:
    """Wait until something is true; the traceback shows what was not."""
    deadline = time.monotonic() + timeout
    while not test():
        assert time.monotonic() < deadline, f"did not come true within {timeout} s"
        time.sleep(0.05)


def out(value: object) -> None:
    """Print what the test reads."""
    print("OUT" + json.dumps(value), flush=True)
