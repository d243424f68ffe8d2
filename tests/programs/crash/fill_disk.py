"""The disk is full while an artifact is written; the execution is retried once there is room again."""

from __future__ import annotations

import os
from pathlib import Path

from large_output import BALLAST, storing
from outcomes import ended, executions, out, until

if __name__ == "__main__":
    handle = storing.run(retries=1)
    until(Path(f"{handle.exec_id}.begun").exists)
    free = os.statvfs(BALLAST.parent)
    # Leaves room for records, and none for the artifact.
    BALLAST.write_bytes(b"0" * (free.f_bavail * free.f_frsize - 3 * 2**20))
    Path("full").touch()
    failed = ended(handle.exec_id)
    attempts = [a.outcome for a in handle.execution.attempts]
    BALLAST.unlink()
    executions.retry(handle.exec_id)
    out((handle.exec_id, failed, attempts, ended(handle.exec_id), handle.get()))
