"""A runner that is killed just after a fork of its checkpoint has printed; prints how often its log has the line."""

from __future__ import annotations

import os
import signal
import time

from kitaru import KitaruClient, KitaruRunnerLostError, checkpoint, flow


@checkpoint
def prints() -> None:
    child = os.fork()
    if child == 0:
        os.write(1, b"before the crash\n")
        os._exit(0)
    os.waitpid(child, 0)
    os.kill(os.getpid(), signal.SIGKILL)


@flow
def printing() -> None:
    prints()


def printed(exec_id: str) -> int:
    lines = [entry.message for entry in KitaruClient().executions.logs(exec_id, source="runner")]
    return lines.count("before the crash")


if __name__ == "__main__":
    handle = printing.run()
    try:
        handle.wait(progress=False)
    except KitaruRunnerLostError as error:
        deadline = time.monotonic() + 60
        while (count := printed(handle.exec_id)) == 0 and time.monotonic() < deadline:
            time.sleep(0.1)  # whoever buries the runner copies what it has left, which may be after the failure is told
        print(type(error).__name__, count)
