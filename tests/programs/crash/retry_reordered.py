"""Retry an execution whose body makes its calls in another order now, and print how it is refused."""

from __future__ import annotations

import sys

from outcomes import executions, out

from kitaru import FlowHandle, KitaruDivergenceError

if __name__ == "__main__":
    handle = FlowHandle.from_id(sys.argv[1])
    executions.retry(sys.argv[1])
    try:
        handle.wait(timeout=300)
    except KitaruDivergenceError as error:
        out((str(error), error.failure_origin, str(handle.status)))
