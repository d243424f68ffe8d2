"""A runner that is killed just after a fork of its checkpoint has printed; prints how often its log has the line."""

from __future__ import annotations

import os
import signal

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


if __name__ == "__main__":
    handle = printing.run()
    try:
        handle.wait(progress=False)
    except KitaruRunnerLostError as error:
        lines = [entry.message for entry in KitaruClient().executions.logs(handle.exec_id, source="runner")]
        print(type(error).__name__, lines.count("before the crash"))
