"""Flows that their runner cannot import, each for a reason of its own: the execution fails, and says which."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from expecting import refused

from kitaru import FlowHandle, KitaruClient, KitaruUsageError, KitaruUserCodeError, flow

if TYPE_CHECKING:
    from kitaru import Flow


def flow_of(module: str) -> Flow[[], int]:
    """Return the flow of a module; the runner, which imports this file, has to do without."""
    one: Flow[[], int] = importlib.import_module(module).one
    return one


def check(kind: str, handle: FlowHandle[int], text: str) -> None:
    with refused(KitaruUserCodeError, text, handle.exec_id, kind) as refusal:
        handle.wait(timeout=300)
    error = refusal.error
    assert error.failure_origin == "import", error.failure_origin
    assert error.exception_type is not None
    assert error.exception_type.rpartition(".")[2] == kind, error.exception_type
    assert handle.status == "failed"
    assert handle.execution.status_reason
    assert error.recovery is not None
    assert "kitaru executions retry" in error.recovery


def check_next_attempt(handle: FlowHandle[int]) -> None:
    """Its failure is the one that is shown, not that of the attempt before."""
    with refused(KitaruUserCodeError) as refusal:
        handle.get()
    assert refusal.error.traceback is not None
    assert "unlicensed.py" in refusal.error.traceback
    Path("unlicensed.py").write_text("raise LookupError('another one')", encoding="utf-8")
    KitaruClient().executions.retry(handle.exec_id)
    with refused(KitaruUserCodeError, "another one") as refusal:
        handle.wait(timeout=300)
    assert refusal.error.exception_type is not None
    assert "LookupError" in refusal.error.exception_type, refusal.error.exception_type


if __name__ == "__main__":
    unlicensed, exiting, deleted, gone = map(flow_of, ("unlicensed", "exiting", "deleted", "gone.inner"))

    @flow
    def hidden() -> int:
        return 1

    Path("deleted.py").unlink()
    with refused(KitaruUsageError, "'one'", "deleted.py", "is not there any more"):
        deleted.run()
    executions = {
        "RuntimeError": (unlicensed.run(), "no licence for this machine"),
        "SystemExit": (exiting.run(), "3"),
        "KitaruUsageError": (hidden.run(), '`if __name__ == "__main__":`'),
        "ModuleNotFoundError": (gone.run(), "gone.inner"),
    }
    for name, (started, words) in executions.items():
        check(name, started, words)
    check_next_attempt(executions["RuntimeError"][0])
