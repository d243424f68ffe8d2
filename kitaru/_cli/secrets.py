"""``kitaru secrets``: ZenML's secrets."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from kitaru._cli.group import Group
from kitaru._cli.output import as_json, moment, output_option, say, show_list, table
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIDDEN = "***"


@click.group(cls=Group)
def secrets() -> None:
    """Keep keys and passwords in ZenML's secret store."""


@secrets.command("set")
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="KEY[=VALUE]...")
@click.option("--private", is_flag=True, help="Only you can read it, where a server is shared; for a new secret.")
@output_option
def set_(*, name: str, values: Sequence[str], private: bool, output: str) -> None:
    """Store values in the secret NAME; it keeps its others.

    A KEY without a value is asked for and not shown. Where stdin is no terminal, it is read from there: the whole of it
    for one KEY, a line each for several. KEY=@NAME takes the value of the environment variable NAME. What is written on
    the command line stays in the shell's history.

    \b
    Examples:
      kitaru secrets set openai-creds api_key
      kitaru secrets set openai-creds api_key=@OPENAI_API_KEY
      kitaru secrets set google service_account < account.json
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    contents = _values(values)
    from kitaru.secrets import set_secret

    stored = set_secret(name, contents, private=private)
    say(as_json(stored) if output == "json" else f"Secret {stored.name} holds {', '.join(stored.keys)}.")


@secrets.command("list")
@output_option
def list_(output: str) -> None:
    """List the secrets and their keys, without values.

    \b
    Examples:
      kitaru secrets list
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.secrets import list_secrets

    infos = list_secrets()
    rows = [(one.name, ", ".join(one.keys), "you" if one.private else "all", moment(one.updated_at)) for one in infos]
    show_list(
        infos,
        output,
        lambda: table(("NAME", "KEYS", "READABLE BY", "CHANGED"), rows),
        otherwise="There are no secrets yet: kitaru secrets set NAME KEY",
    )


@secrets.command()
@click.argument("name")
@click.option("--reveal", is_flag=True, help="Print the values themselves.")
@output_option
def show(*, name: str, reveal: bool, output: str) -> None:
    """Show the keys of the secret NAME; its values with --reveal only.

    \b
    Examples:
      kitaru secrets show openai-creds
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.secrets import get_secret

    values = get_secret(name)
    shown = {key: value if reveal else _HIDDEN for key, value in sorted(values.items())}
    say(as_json(shown) if output == "json" else table(("KEY", "VALUE"), list(shown.items())))


@secrets.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete the secret NAME.

    \b
    Examples:
      kitaru secrets delete openai-creds
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.secrets import delete_secret

    delete_secret(name)
    say(f"Secret {name} is deleted.")


def _values(texts: Sequence[str]) -> dict[str, str]:
    keys = [text.partition("=")[0] for text in texts]
    for key in keys:
        if not key.strip() or keys.count(key) > 1:
            raise KitaruUsageError(
                f"Key {key!r} is given twice." if key.strip() else f"{key!r} is no name for a value."
            )
    missing = [text for text in texts if "=" not in text]
    answers = _typed(missing) if sys.stdin.isatty() else _piped(missing)
    return {key: answers[key] if key in answers else _written(text) for key, text in zip(keys, texts, strict=True)}


def _written(text: str) -> str:
    value = text.partition("=")[2]
    if not value.startswith("@"):
        return value
    content = os.environ.get(value[1:])
    if not content:
        raise KitaruUsageError(f"{text}: the environment has no variable {value[1:]!r}, or it is empty.")
    return content


def _typed(keys: Sequence[str]) -> dict[str, str]:
    return {key: click.prompt(key, hide_input=True, err=True) for key in keys}


def _piped(keys: Sequence[str]) -> dict[str, str]:
    """Read values from stdin: one may have many lines, as certificates have."""
    if not keys:
        return {}
    text = sys.stdin.read().rstrip("\r\n")
    lines = [text] if len(keys) == 1 else text.splitlines()
    if len(lines) > len(keys):
        raise KitaruUsageError(f"stdin has {len(lines)} lines for {len(keys)} values: {', '.join(keys)}.")
    values = dict(zip(keys, lines, strict=False))
    for key in keys:
        if not values.get(key):
            raise KitaruUsageError(f"No value for {key!r}: stdin is no terminal, and has no further line.")
    return values
