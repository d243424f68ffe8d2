"""A checkpoint in a flow's container that starts programs and processes; hands out its log."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading

from handing_out import out

from kitaru import KitaruClient, checkpoint, flow


@checkpoint(cache=False)
def prints() -> None:
    print("first")
    subprocess.run(
        [sys.executable, "-c", "import sys; print('a program', flush=True); print('its stderr', file=sys.stderr)"],
        check=True,
    )
    process = multiprocessing.get_context("fork").Process(target=print, args=("a process",))
    process.start()
    process.join()
    thread = threading.Thread(target=print, args=("a thread",))
    thread.start()
    thread.join()
    print("last")


@flow(cache=False)
def printing() -> None:
    prints()


if __name__ == "__main__":
    handle = printing.run()
    handle.wait()
    logs = KitaruClient().executions.logs
    out([[entry.message for entry in logs(handle.exec_id, call.name)] for call in handle.execution.checkpoints])
