"""A disk that is full before a flow is started, and one that becomes full in the middle of an execution."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from expecting import refused
from patient_flows import quick, slow

from kitaru import KitaruBackendError, KitaruExecutionError

EXECUTIONS = Path(os.environ["ZENML_CONFIG_PATH"]) / "kitaru" / "executions"
BALLAST = Path(os.environ["HOME"]) / "ballast"


def fill() -> None:
    with BALLAST.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"0" * size)


def before_the_submission() -> None:
    """It is refused, and nothing is left."""
    fill()
    for run in (quick.run, partial(quick.run, "x" * 10_000)):
        with refused(KitaruBackendError) as refusal:
            run()
        message = str(refusal.error)
        assert "disk" in message or "space" in message, message
        print(message)
    assert not psutil.Process().children(recursive=True)
    assert not EXECUTIONS.exists() or not list(EXECUTIONS.iterdir()), list(EXECUTIONS.iterdir())
    BALLAST.unlink()


def in_the_middle_of_a_run() -> None:
    """It ends, and a later look says why."""
    handle = slow.run()
    while not Path("in-checkpoint").exists():
        time.sleep(0.02)
    fill()
    Path("go").touch()
    state = json.loads((EXECUTIONS / handle.exec_id / "runner.json").read_text(encoding="utf-8"))
    pids = [process["pid"] for process in state["processes"]]
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=300)
    assert not alive, f"still there on a full disk: {alive}"
    BALLAST.unlink()
    try:
        value = handle.wait(timeout=300)
    except KitaruExecutionError as error:
        print(type(error).__name__, error)
        message = str(error)
    else:
        raise AssertionError(f"it completed with {value}")
    assert "full" in message or "space" in message, message


def main() -> None:
    before_the_submission()
    in_the_middle_of_a_run()
    assert quick.run().wait() == 1


if __name__ == "__main__":
    main()
