"""``kitaru dashboard``: the page of an execution, or the list of them, in ZenML's dashboard."""

from __future__ import annotations

import os
import sys

import click

from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import is_terminal, say


@click.command(cls=Command)
@click.argument("exec_id", metavar="[ID]", required=False, shell_complete=completion.executions)
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
def dashboard(*, exec_id: str | None, only_print: bool) -> None:
    """Open ZenML's dashboard. It shows the execution ID, or without ID the list of all.

    The address is printed, too, and nothing is opened in a pipe, on a machine without a screen, or with --print. The
    dashboard belongs to a ZenML server: `kitaru login` starts one on this machine.

    \b
    Examples:
      kitaru dashboard
      kitaru dashboard 0a1b2c3d
      kitaru dashboard 0a1b2c3d --print
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.server import dashboard_url

    url = dashboard_url(exec_id)
    say(url)
    if not only_print and is_terminal() and _has_screen():
        click.launch(url)


def _has_screen() -> bool:
    """Whether a browser can open a window here."""
    if sys.platform == "darwin":
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
