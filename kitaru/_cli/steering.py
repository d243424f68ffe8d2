"""The verbs of ``kitaru executions`` that change an execution's course."""

from __future__ import annotations

import sys
from typing import Literal

import click

from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import as_json, client, output_option, say
from kitaru._cli.started import report, wait_option
from kitaru.errors import KitaruUsageError

_id = click.argument("exec_id", metavar="ID", shell_complete=completion.executions)


@click.command(cls=Command)
@_id
@click.option(
    "--env",
    type=click.Choice(["kept", "current"]),
    default="kept",
    show_default=True,
    help="Environment, folder, import path and umask on this machine: of the flow's start, or of this command.",
)
@wait_option
@output_option
def retry(*, exec_id: str, env: Literal["kept", "current"], wait: bool, output: str) -> None:
    """Let a failed execution go on. It starts from its last completed checkpoint.

    The flow's code is loaded as it is now; checkpoints that have completed are not run again.

    \b
    Examples:
      kitaru executions retry 0a1b2c3d
      kitaru executions retry 0a1b2c3d --detach
      kitaru executions retry 0a1b2c3d --env current
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    handle = kitaru.executions.retry(exec_id, env=env)
    report(handle, wait=wait, as_data=output == "json")


@click.command(cls=Command)
@_id
@output_option
def resume(*, exec_id: str, output: str) -> None:
    """Start the paused execution ID again. Its question was answered in ZenML's dashboard.

    An answer by `kitaru executions input` does this by itself.

    \b
    Example:
      kitaru executions resume 0a1b2c3d
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    handle = kitaru.executions.resume(exec_id)
    say(as_json({"exec_id": handle.exec_id}) if output == "json" else handle.exec_id)


@click.command(cls=Command)
@_id
@output_option
def cancel(*, exec_id: str, output: str) -> None:
    """Stop the execution ID. A local one's processes have ended when this returns.

    \b
    Example:
      kitaru executions cancel 0a1b2c3d
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    kitaru.executions.cancel(exec_id)
    execution = kitaru.executions.get(exec_id)
    if output == "json":
        say(as_json({"exec_id": execution.exec_id, "status": execution.status}))
    else:
        say(f"Execution {execution.exec_id} is {execution.status}.")


@click.command(cls=Command)
@output_option
def recover(*, output: str) -> None:
    """Let executions go on that lost their runner here.

    They were killed, crashed, or cut off by a reboot of this machine. Prints their ids.

    \b
    Example:
      kitaru executions recover
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    ids = [handle.exec_id for handle in kitaru.executions.recover()]
    if output == "json":
        say(as_json([{"exec_id": exec_id} for exec_id in ids]))
    elif ids:
        say("\n".join(ids))
    else:
        click.echo("No execution has lost its runner on this machine.", err=True)


@click.command(cls=Command)
@_id
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@output_option
def delete(*, exec_id: str, yes: bool, output: str) -> None:
    """Delete the record of the finished execution ID. What it stored stays in the artifact store.

    \b
    Example:
      kitaru executions delete 0a1b2c3d --yes
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    execution = kitaru.executions.get(exec_id)
    if not yes:
        confirm(f"Delete execution {execution.exec_id} of flow {execution.flow_name!r}?")
    kitaru.executions.delete(execution.exec_id)
    deleted = {"exec_id": execution.exec_id, "deleted": True}
    say(as_json(deleted) if output == "json" else f"Execution {execution.exec_id} is deleted.")


def confirm(question: str) -> None:
    """Ask at the terminal, and end the command where the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise KitaruUsageError(f"{question} There is no terminal to ask on; say --yes.")
    click.confirm(question, abort=True, err=True)
