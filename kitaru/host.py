"""The host: a resident process that has loaded ZenML, of which runners and commands that read are forks.

It starts with the first flow that runs in a process of its own, or the first such command, and ends when nothing ran for
five minutes. It serves one user, one Python environment and one set of variables; ``KITARU_HOST=off`` does without. On
macOS, where forking is not safe, there is none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kitaru._core.records.hosts import HostInfo

__all__ = ["HostInfo", "restart", "running", "stop"]


def running() -> list[HostInfo]:
    """Return the hosts of this user that run on this machine.

    Examples:
        >>> [host.pid for host in running() if host.serves_this_process]  # doctest: +SKIP
        [4711]
    """
    from kitaru._host import control

    return [_info(host) for host in control.running()]


def stop() -> list[HostInfo]:
    """End all hosts of this user and return them; the flows that run go on.

    Examples:
        >>> len(stop())  # doctest: +SKIP
        1
    """
    from kitaru._host import control

    ended = list(control.running())
    for host in ended:
        control.end(host)
    return [_info(host) for host in ended]


def restart() -> HostInfo | None:
    """End all hosts of this user, start the one that serves this process and return it when it has loaded ZenML.

    Returns:
        None where there can be none: on a system other than Linux, with ``KITARU_HOST=off``, or where ZenML cannot be
        loaded.

    Raises:
        KitaruUsageError: ``KITARU_HOST`` is neither on nor off.

    Examples:
        >>> restart().serves_this_process  # doctest: +SKIP
        True
    """
    from kitaru._runner import detached

    stop()
    detached.start_host()
    return next((host for host in running() if host.serves_this_process), None)


def _info(host: dict[str, Any]) -> HostInfo:
    since = datetime.fromtimestamp(host["since"], UTC)
    return HostInfo(pid=host["pid"], since=since, serves_this_process=host["own"])
