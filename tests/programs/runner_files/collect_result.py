"""Waits for an execution that another process has started, and prints its result or why there is none."""

from __future__ import annotations

import sys

from kitaru import FlowHandle, KitaruExecutionError

handle = FlowHandle.from_id(sys.argv[1])
try:
    print(handle.wait(timeout=300, progress=False))
except KitaruExecutionError as error:
    print(type(error).__name__, error)
