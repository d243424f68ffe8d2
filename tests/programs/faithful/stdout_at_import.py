"""A script whose top level uses stdout, as many applications do; prints what its checkpoint's log holds."""

from __future__ import annotations

import json
import logging
import sys

from kitaru import KitaruClient, checkpoint, flow

sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
COLOURS = sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.fileno()
sys.stdout.flush()
print("the top level speaks")
log = logging.getLogger("app")
log.propagate = False
log.setLevel(logging.INFO)
log.addHandler(logging.StreamHandler(sys.stdout))


@checkpoint(cache=False)
def trains() -> None:
    log.info("training started")
    print("printed")


@flow
def training() -> None:
    trains()


if __name__ == "__main__":
    handle = training.run()
    handle.wait(progress=False)
    logs = KitaruClient().executions.logs
    said = [[entry.level, entry.message] for entry in logs(handle.exec_id, "trains")]
    runner = [entry.message for entry in logs(handle.exec_id, source="runner")]
    print(json.dumps([said, runner.count("the top level speaks")]))
