"""Where the ``kitaru`` command begins: in a fork of the host what only reads, here everything else.

A fork has ZenML loaded, which takes most of the time that a command takes.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, Never

from kitaru._core.process.ctrl_c import INTERRUPTED
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What neither asks a person, nor uses what belongs to the process that was started: its children, its session.
READING: Final = frozenset(
    {
        ("artifacts", "get"),
        ("artifacts", "list"),
        ("executions", "diff"),
        ("executions", "get"),
        ("executions", "graph"),
        ("executions", "list"),
        ("executions", "logs"),
        ("executions", "timeline"),
        ("executions", "watch"),
        ("stack", "current"),
        ("stack", "list"),
        ("stack", "show"),
        ("status",),
    }
)


def main() -> Never:
    """Run the command line and exit; the ``kitaru`` console script."""
    args = sys.argv[1:]
    code = run_in_host(args) if _is_reading(args) else None
    if code is None:
        from kitaru._cli.main import main as run

        run()
    sys.exit(code)


def run_in_host(args: Sequence[str]) -> int | None:
    """Have a fork of the host be the command that this process was started for.

    Returns:
        Its exit code; None where this process has ZenML loaded as well, or there can be no host.
    """
    if "zenml" in sys.modules:
        return None
    from kitaru._core.settings.environment import host_enabled
    from kitaru._host import client, command
    from kitaru._runner.supervisor import START

    try:
        usable = host_enabled() and client.is_possible()
    except KitaruError:
        return None  # the command tells what is wrong with the setting
    try:
        return command.run(START, args) if usable else None
    except KeyboardInterrupt:  # while the host was loading ZenML
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED


def _is_reading(args: Sequence[str]) -> bool:
    words = tuple(args[1:] if args[:1] == ["--traceback"] else args)
    is_asked_for_help = {"--help", "-h"} & set(words) or "_KITARU_COMPLETE" in os.environ
    return not is_asked_for_help and (words[:1] in READING or words[:2] in READING)
