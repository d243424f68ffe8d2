"""How much memory a worker may have."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TypeAlias

from kitaru.errors import KitaruUsageError

Limits: TypeAlias = tuple[int, int]

CAN_LIMIT = sys.platform == "linux"
"""Elsewhere a process can be given a limit of what it addresses only, which what it uses says nothing about."""


def limit(size: int) -> Limits | None:
    """Limit the data of this process, and return the limits before; on other systems than Linux do nothing.

    Args:
        size: In bytes.

    Raises:
        KitaruUsageError: It has more already.
    """
    if not CAN_LIMIT:
        return None
    used = _data()
    if used >= size:
        raise KitaruUsageError(
            f"max_memory={amount(size)} is too little: before its call the process has {amount(used)} already, by what the "
            f"flow's module has imported. Give it more."
        )
    before = resource.getrlimit(resource.RLIMIT_DATA)
    hard = before[1]
    soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    return before


def restore(limits: Limits | None) -> None:
    """Set the limits that there were."""
    if limits is not None:
        resource.setrlimit(resource.RLIMIT_DATA, limits)


def amount(size: int) -> str:
    """Return an amount of memory as people write it."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def _data() -> int:
    """Return what the system counts as this process's data: the field VmData of proc(5)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
