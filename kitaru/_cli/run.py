"""``kitaru run``: start an execution of a flow, and wait for it or leave it running."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import output_option
from kitaru._cli.started import report, wait_option
from kitaru._cli.target import load_flow
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru.handle import FlowHandle

_ARGUMENTS = """The flow's arguments are given as JSON: --input '{"name": "Ada"}'."""
_ACCEPTED = """a JSON object of the flow's parameters, such as '{"name": "Ada"}'"""


class _Run(Command):
    """Says, where a call is not understood, how flows and their arguments are given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the arguments of the command."""
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as error:
            ctx.fail(f"{error.format_message()} It names the flow: module:flow or path/to/file.py:flow.")
        except click.BadParameter:
            raise
        except click.UsageError as error:
            if isinstance(error, click.NoSuchOption) and error.possibilities:
                raise
            ctx.fail(f"{error.format_message().removesuffix('.')}. {_ARGUMENTS}")


@click.command(cls=_Run)
@click.argument("target", shell_complete=completion.targets)
@click.option(
    "--input",
    "arguments",
    default="{}",
    metavar="JSON",
    help="The flow's arguments: a JSON object, @FILE, or - for stdin.",
)
@click.option("--stack", shell_complete=completion.stacks, help="The stack to run on.")
@click.option("--image", help="The base image, or the image's fields as JSON.")
@click.option("--cache/--no-cache", default=None, help="Whether checkpoints may reuse earlier outputs.")
@click.option("--retries", type=click.IntRange(min=0), help="How many times a failed execution is tried again.")
@click.option("--name", help="The name of the run in ZenML; {date} and {time} in it are filled in.")
@click.option("--tag", "tags", multiple=True, help="A tag of the execution; may be given several times.")
@click.option(
    "--idempotency-key", metavar="KEY", help="Give the execution that was started with this key, if there is one."
)
@wait_option
@output_option
def run(*, target: str, arguments: str, wait: bool, output: str, **given: Any) -> None:
    """Run the flow TARGET: module:flow or path/to/file.py:flow.

    Only the result, as JSON, or with --detach the id of the execution goes to stdout; with --output json an object of
    id, state, result and link, also where the execution fails.

    \b
    Examples:
      kitaru run survey.py:survey --input '{"package": "zenml"}'
      kitaru run team.flows:nightly --input @nightly.json --stack k8s --detach
      kitaru run survey.py:survey --name "survey {date}" --tag nightly
      kitaru run survey.py:survey --output json | jq .result
      kitaru run orders.py:ship --input '{"order": 42}' --idempotency-key order-42
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    of_flow = {"name": given.pop("name"), "tags": given.pop("tags") or None}
    of_flow["idempotency_key"] = given.pop("idempotency_key")
    given["image"] = read_image(given["image"])
    handle = _start(target, read_input(arguments), given, of_flow)
    report(handle, wait=wait, as_data=output == "json")


def _start(target: str, values: dict[str, Any], options: dict[str, Any], of_flow: dict[str, Any]) -> FlowHandle[Any]:
    flow = load_flow(target)
    _refuse_options(values, options)
    from kitaru._terminal.progress import tell_start
    from kitaru.json_values import arguments_from_json

    args, kwargs = arguments_from_json(flow.func, values)
    chosen = flow.with_options(**of_flow)
    tell_start(flow.name)
    return chosen.run(*args, **options, **kwargs)


def read_image(text: str | None) -> object:
    """Return the image that ``--image`` gives."""
    if text is None:
        return None
    from kitaru.image import ImageSettings

    return ImageSettings.parse_text(text, "--image")


def _refuse_options(values: dict[str, Any], options: dict[str, Any]) -> None:
    """Refuse an argument that ``.run()`` would take for an option; a flow with ``**kwargs`` can be given one."""
    for name in options.keys() & values.keys():
        raise KitaruUsageError(f"The input has {name!r}, which is an option and no argument: use --{name}.")


def read_input(option: str) -> dict[str, Any]:
    """Return the JSON object that ``--input`` stands for: the text itself, ``@FILE``, or ``-`` for stdin."""
    where = {"-": "--input - (stdin)"}.get(option, f"--input {option}" if option.startswith("@") else "--input")
    text = _input_text(option, where)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KitaruUsageError(f"{where} is not valid JSON: {error}. Give {_ACCEPTED}.") from error
    if not isinstance(values, dict):
        raise KitaruUsageError(f"{where} must be {_ACCEPTED}, not {_json_type(values)}.")
    return values


def _input_text(option: str, where: str) -> str:
    """Return the JSON text that ``--input`` stands for."""
    if option != "-" and not option.startswith("@"):
        return option
    try:
        content = sys.stdin.buffer.read() if option == "-" else Path(option[1:]).read_bytes()
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise KitaruUsageError(f"{where} cannot be read: {error}. It must be JSON in UTF-8.") from error


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a string", list: "an array"}
    return names[type(value)]
