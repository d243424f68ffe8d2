"""``kitaru model``: names for language models, and where their keys are."""

from __future__ import annotations

import click

from kitaru._cli.group import Group
from kitaru._cli.output import as_json, output_option, say, show_list, table


@click.group(cls=Group)
def model() -> None:
    """Name the language models that kitaru.llm() asks."""


@model.command()
@click.argument("alias")
@click.option("--model", "name", required=True, metavar="PROVIDER:MODEL", help="As PydanticAI calls it.")
@click.option("--secret", metavar="NAME", help="The secret with the provider's key; else the environment has it.")
@output_option
def register(*, alias: str, name: str, secret: str | None, output: str) -> None:
    """Call a model ALIAS; the first one is the default.

    \b
    Examples:
      kitaru model register fast --model openai:gpt-4o-mini --secret openai-creds
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.aliases import register_model

    entry = register_model(alias, name, secret=secret)
    default = ", the default" if entry.is_default else ""
    say(as_json(entry) if output == "json" else f"{entry.alias} is {entry.model}{default}.")


@model.command("list")
@output_option
def list_(output: str) -> None:
    """List the aliases; the default is marked.

    \b
    Examples:
      kitaru model list
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.aliases import list_models

    aliases = list_models()
    rows = [("*" if one.is_default else "", one.alias, one.model, one.secret or "environment") for one in aliases]
    show_list(
        aliases,
        output,
        lambda: table(("DEFAULT", "ALIAS", "MODEL", "KEY FROM"), rows),
        otherwise="There are no aliases yet: kitaru model register ALIAS --model PROVIDER:MODEL",
    )


@model.command()
@click.argument("alias")
@output_option
def default(alias: str, output: str) -> None:
    """Make ALIAS the model that is asked where none is named.

    \b
    Examples:
      kitaru model default fast
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.aliases import set_default_model

    entry = set_default_model(alias)
    say(as_json(entry) if output == "json" else f"{entry.alias} ({entry.model}) is the default.")


@model.command()
@click.argument("alias")
def delete(alias: str) -> None:
    """Forget ALIAS; its secret stays.

    \b
    Examples:
      kitaru model delete fast
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.aliases import delete_model

    delete_model(alias)
    say(f"Alias {alias} is deleted.")
