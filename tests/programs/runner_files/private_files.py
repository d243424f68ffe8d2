"""A submission that fails leaves no process and no file; then one that succeeds, when the test has looked."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from gated_work import short

from kitaru import KitaruUsageError


def fail_to_submit() -> None:
    try:
        short.run(threading.Lock())
    except KitaruUsageError:
        pass
    else:
        raise AssertionError("a lock was stored")
    assert not psutil.Process().children(recursive=True)
    base = Path(os.environ["ZENML_CONFIG_PATH"]) / "kitaru" / "executions"
    assert not [path for path in base.glob(".starting-*") if "power" not in path.name]


def main() -> None:
    os.umask(0)  # the strictest test: nothing but what is asked for protects a file
    fail_to_submit()
    print("ready", flush=True)
    input()
    handle = short.run()
    print(handle.exec_id, handle.wait())


if __name__ == "__main__":
    main()
