"""The record of a host."""

from __future__ import annotations

from datetime import datetime

from kitaru._core.records.record import Record


class HostInfo(Record):
    """A resident process that has loaded ZenML, of which runners are forks.

    Attributes:
        pid: Its process id.
        since: When it was ready.
        serves_this_process: Whether it is the one that forks the runners of flows that this process starts.
    """

    pid: int
    since: datetime
    serves_this_process: bool
