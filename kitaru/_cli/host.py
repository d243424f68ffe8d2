"""``kitaru host``: the resident process of which runners are forks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kitaru._cli.group import Group
from kitaru._cli.output import as_json, output_option, say

if TYPE_CHECKING:
    from kitaru.host import HostInfo


@click.group(cls=Group)
def host() -> None:
    """Look after the process that forks runners and commands.

    It has loaded ZenML, so that neither local runners nor commands that read have to. It starts with the first of
    them, and ends when nothing ran for five minutes. KITARU_HOST=off does without.
    """


@host.command()
@output_option
def status(output: str) -> None:
    """Tell which hosts run.

    \b
    Examples:
      kitaru host status
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.host import running

    _tell(running(), output, "No host runs. The next flow, or command that reads, starts one.")


@host.command()
@output_option
def stop(output: str) -> None:
    """End all hosts. Flows that run go on.

    \b
    Examples:
      kitaru host stop
    """  # noqa: D301
    from kitaru.host import stop as stop_all

    _tell(stop_all(), output, "No host runs.", "Ended: ")


@host.command()
@output_option
def restart(output: str) -> None:
    """End all hosts, and start one anew.

    \b
    Examples:
      kitaru host restart
    """  # noqa: D301
    from kitaru.host import restart as restart_own

    started = restart_own()
    _tell([started] if started else [], output, "There can be no host here; flows and commands start without one.")
    if started is None:
        raise click.exceptions.Exit(1)


def _tell(hosts: list[HostInfo], output: str, none: str, before: str = "") -> None:
    if output == "json":
        say(as_json(hosts))
        return
    for one in hosts:
        other = "" if one.serves_this_process else ", for other surroundings than these"
        say(f"{before}process {one.pid}, since {one.since.astimezone():%Y-%m-%d %H:%M:%S}{other}")
    if not hosts:
        say(none)
