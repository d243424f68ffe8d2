"""Telling a process from a later one of the same number. Standard library only."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any


def this_process() -> dict[str, Any]:
    """Identify the running process: its number, when it started, and which boot of the machine that was in."""
    return identify(os.getpid())


def identify(pid: int) -> dict[str, Any]:
    """Identify a process by number; ``started`` is None where it does not exist."""
    return {"pid": pid, "started": _started(pid), "boot": _boot_id()}


def is_running(process: dict[str, Any]) -> bool:
    """Whether the very process that :func:`identify` described is alive."""
    started = _started(int(process["pid"]))
    return started is not None and started == process["started"] and process.get("boot") == _boot_id()


def is_stopped(process: dict[str, Any]) -> bool:
    """Whether a process does nothing until somebody sends it SIGCONT; known on Linux only."""
    try:
        return _fields(int(process["pid"]))[0] in "Tt" and is_running(process)
    except OSError:
        return False


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux: the start time alone has to do
        return ""


def _started(pid: int) -> str | None:
    try:
        fields = _fields(pid)
    except OSError:
        return _started_by_ps(pid) if not Path("/proc/self/stat").exists() else None
    # proc(5): the state is field 3 and the start time field 22. A zombie has ended, nobody has looked yet.
    return None if fields[0] in "ZX" else fields[19]


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _started_by_ps(pid: int) -> str | None:
    result = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return result.stdout.strip() or None
