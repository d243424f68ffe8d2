"""Look at an execution that runs, for some seconds, and print how often that was possible."""

from __future__ import annotations

import sys
import time

from outcomes import executions

if __name__ == "__main__":
    seconds = float(sys.argv[2])
    start = time.monotonic()
    looks = 0
    while time.monotonic() < start + seconds:
        assert str(executions.get(sys.argv[1]).status) == "running"
        looks += 1
        time.sleep(0.2)
    print(looks)
