"""The ``kitaru`` command: its groups, and the one place where errors become text and exit codes.

Exit codes: 0 done; 1 the execution failed or the request cannot be met; 2 the command, a setting or an input is wrong;
3 the store, server or engine cannot be reached; 130 interrupted.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import traceback
from dataclasses import dataclass
from typing import Any, Final, Never

import click

from kitaru._cli import COMPLETING
from kitaru._cli.group import Group
from kitaru._core.process.ctrl_c import INTERRUPTED, redeliver_interrupt
from kitaru.errors import KitaruBackendError, KitaruError, KitaruUsageError

COMMANDS: Final = {
    "artifacts": "kitaru._cli.artifacts:artifacts",
    "completion": "kitaru._cli.completion_script:completion",
    "config": "kitaru._cli.config:config",
    "dashboard": "kitaru._cli.dashboard:dashboard",
    "doctor": "kitaru._cli.doctor:doctor",
    "executions": "kitaru._cli.executions:executions",
    "host": "kitaru._cli.host:host",
    "image": "kitaru._cli.image:image",
    "init": "kitaru._cli.init:init",
    "login": "kitaru._cli.login:login",
    "logout": "kitaru._cli.login:logout",
    "model": "kitaru._cli.model:model",
    "run": "kitaru._cli.run:run",
    "secrets": "kitaru._cli.secrets:secrets",
    "stack": "kitaru._cli.stack:stack",
    "status": "kitaru._cli.login:status",
}
"""The commands, and where each is found. They are imported when they are needed, and import ZenML later still."""

_EXIT_CODES: Final = ((KitaruUsageError, 2), (KitaruBackendError, 3), (KitaruError, 1))


@dataclass
class Presentation:
    """How this call of the command presents errors; the options fill it in as they are read."""

    traceback: bool = False
    json: bool = False


class _LazyGroup(Group):
    """The top group, which imports its commands when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command; ``None`` for an unknown one."""
        if cmd_name not in COMMANDS:  # asked by shell completion
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an interrupt ends it with one line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:  # caught here, since click would print an empty line first
            # What it says ends with a command, which is copied without a dot behind it.
            click.echo(f"Interrupted: {interrupt}" if str(interrupt) else "Interrupted.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from interrupt


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"kitaru {version('kitaru-zenml')}")
    except PackageNotFoundError:
        click.echo("kitaru, version unknown: it runs from a source tree that is not installed")
    ctx.exit()


def _keep_traceback(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.ensure_object(Presentation).traceback = value


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
@click.option(
    "--traceback",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_keep_traceback,
    help="Show the traceback of an error.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run durable flows on ZenML stacks, and look at what they did.

    Exit codes: 0 done; 1 the execution failed or the request cannot be met; 2 wrong usage; 3 the store, server or
    engine cannot be reached; 130 interrupted.
    """
    if ctx.invoked_subcommand != "run":  # which goes on waiting for its flow while a server restarts
        from kitaru.server import use_short_timeouts

        use_short_timeouts()


def main() -> Never:
    """Run the command line and exit; the ``kitaru`` console script."""
    presentation = Presentation()
    if COMPLETING in os.environ:  # a shell asks what can stand at the cursor, in a form that is given there
        importlib.import_module("kitaru._cli.completion_script")
    gc.set_threshold(50_000, 20, 20)  # a tenth of a command's time, all of it spent on what loading ZenML creates
    try:
        with redeliver_interrupt():
            code = cli.main(prog_name="kitaru", standalone_mode=False, obj=presentation)
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes text and an exit code
        code = _report(error, presentation)
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: Exception, presentation: Presentation) -> int:
    """Show an error on stderr, where it does not mix with results, and return the exit code."""
    code = _exit_code(error)
    if presentation.traceback:
        traceback.print_exception(error)
    if presentation.json:
        report = {"type": type(error).__name__, "message": _message(error), "exit_code": code}
        click.echo(json.dumps({"error": report}, ensure_ascii=False), err=True)
    elif isinstance(error, click.ClickException):
        error.show()  # adds the usage line
    else:
        click.echo("\n".join([*getattr(error, "__notes__", ()), f"Error: {_message(error)}"]), err=True)
    return code


def _exit_code(error: Exception) -> int:
    if isinstance(error, click.ClickException):
        return error.exit_code
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 1)


def _message(error: Exception) -> str:
    if isinstance(error, click.Abort):
        return "Aborted: the input ended before the question was answered."
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, KitaruError):
        return str(error)
    # Nothing but Kitaru's own errors should come here: say where to look for what should not have happened.
    return f"Unexpected {type(error).__name__}: {error}. `kitaru --traceback ...` shows where it came from."
