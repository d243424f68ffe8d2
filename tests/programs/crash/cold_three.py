"""Three checkpoints in a module that does not load ZenML, started and waited for where this is the script."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from kitaru import checkpoint, current_execution_id, flow


def ran(name: str) -> None:
    """Note the start of a checkpoint, in one write."""
    descriptor = os.open(
        Path(__file__).parent / f"{current_execution_id()}.ran", os.O_APPEND | os.O_CREAT | os.O_WRONLY
    )
    os.write(descriptor, f"{name}\n".encode())
    os.close(descriptor)


@checkpoint(cache=False)
def first() -> int:
    ran("first")
    return 1


@checkpoint(cache=False)
def second(x: int) -> int:
    ran("second")
    return x + 1


@checkpoint(cache=False)
def third(x: int) -> int:
    ran("third")
    return x + 1


@flow
def three() -> int:
    return third(second(first()))


if __name__ == "__main__":
    handle = three.run()
    print("OUT" + json.dumps([handle.exec_id, handle.wait(timeout=300, progress=False), "zenml" in sys.modules]))
