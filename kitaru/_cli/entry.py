"""Where the ``kitaru`` command begins: in a fork of the host what only reads, here everything else.

A fork has ZenML loaded, which takes most of the time that a command takes.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, Never

from kitaru._cli import COMPLETING
from kitaru._core.process.ctrl_c import INTERRUPTED
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What neither asks a person, nor uses what belongs to the process that was started: its children, and the terminal that it
# has to itself.
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
        ("stack", "current"),
        ("stack", "list"),
        ("stack", "show"),
        ("status",),
    }
)
# Draws on a terminal, and then is no fork.
_WATCHING: Final = ("executions", "watch")
# After how many seconds a person is told what takes time.
_SOON: Final = 0.3


def main() -> Never:
    """Run the command line and exit; the ``kitaru`` console script."""
    args = sys.argv[1:]
    with _sign_of_life() as told:
        code = run_in_host(args, told) if _is_reading(args) else None
        if code is None:
            from kitaru._cli.main import main as run

            run()
    sys.exit(code)


@contextmanager
def _sign_of_life() -> Iterator[Event]:
    """Say on a terminal that ZenML is being loaded, here or in the host, unless the event was set before."""
    told = Event()
    is_seen = sys.stderr is not None and sys.stderr.isatty() and COMPLETING not in os.environ
    if is_seen and "zenml" not in sys.modules:
        Thread(target=_say_what_takes_time, args=(told,), daemon=True).start()
    try:
        yield told
    finally:
        told.set()


def _say_what_takes_time(told: Event) -> None:
    if not told.wait(_SOON) and ("zenml" in sys.modules or "kitaru._host.command" in sys.modules):
        sys.stderr.write("kitaru: loading ZenML\n")


def run_in_host(args: Sequence[str], begun: Event | None = None) -> int | None:
    """Have a fork of the host be the command that this process was started for.

    Args:
        args: The command's arguments.
        begun: Set when the fork has begun.

    Returns:
        Its exit code; None where this process has ZenML loaded as well, or there can be no host.
    """
    if "zenml" in sys.modules:
        return None
    from kitaru._core.process.places import START
    from kitaru._core.settings.environment import host_enabled
    from kitaru._host import client, command

    try:
        usable = host_enabled() and client.is_possible()
    except KitaruError:
        return None  # the command tells what is wrong with the setting
    try:
        return command.run(START, args, begun or Event()) if usable else None
    except KeyboardInterrupt:  # while the host was loading ZenML
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED


def _is_reading(args: Sequence[str]) -> bool:
    words = tuple(args[1:] if args[:1] == ["--traceback"] else args)
    is_asked_for_help = {"--help", "-h"} & set(words) or COMPLETING in os.environ
    if is_asked_for_help:
        return False
    return words[:1] in READING or words[:2] in READING or (words[:2] == _WATCHING and not _can_draw())


def _can_draw() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
