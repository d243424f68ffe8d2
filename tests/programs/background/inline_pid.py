"""A flow that the starting process runs itself."""

from __future__ import annotations

import os

from kitaru import checkpoint, flow


@checkpoint
def pid() -> int:
    return os.getpid()


@flow
def own_pid() -> int:
    return pid()


if __name__ == "__main__":
    handle = own_pid.run()
    assert handle.status == "completed"
    assert handle.get() == os.getpid()
