"""Kills the host while its flow runs, which goes on; and runs it again, which starts another host."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from kitaru import checkpoint, flow


@checkpoint
def slow() -> int:
    while not Path("go").exists():
        time.sleep(0.05)
    return os.getppid()


@flow
def outliving() -> int:
    return slow()


def main() -> None:
    handle = outliving.run()
    os.kill(int(sys.argv[1]), signal.SIGKILL)
    Path("go").touch()
    assert handle.wait(timeout=300, progress=False)
    print(outliving.run(cache=False).wait(timeout=300, progress=False) > 0)


if __name__ == "__main__":
    main()
