"""``kitaru config``: which settings apply here, and which layer each came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from kitaru._cli.group import Command, Group
from kitaru._cli.output import output_option, say, shown, table
from kitaru.config import OTHER_VARIABLES, SETTINGS, current_settings

if TYPE_CHECKING:
    from kitaru.config import ResolvedSettings


class _Manual(Command):
    """A command whose help ends with the table of settings."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Settings, with their variables"):
            formatter.write_dl(
                [
                    (f"{row.name}, {row.variable}", f"{row.description} Value: {row.accepted}.")
                    for row in SETTINGS.values()
                ]
            )
        with formatter.section("Other variables"):
            formatter.write_dl(list(OTHER_VARIABLES.items()))


@click.group(cls=Group)
def config() -> None:
    """Show the settings that apply here."""


@config.command(cls=_Manual)
@output_option
def show(output: str) -> None:
    """Show every setting with its value and the layer that won.

    \b
    Layers, highest first:
      .run(...)
      .with_options(...), @flow(...)
      kitaru.configure(...)
      KITARU_* variables
      [tool.kitaru] in the nearest pyproject.toml, upward from here
      the active stack and the built-in defaults

    Calls in Python code come on top of what is shown here.
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    settings = current_settings()
    say(json.dumps(settings.to_json(), indent=2, ensure_ascii=False) if output == "json" else _table(settings))


def _table(settings: ResolvedSettings) -> str:
    rows = [(path, shown(row["value"]), row["layer"], row["detail"]) for path, row in settings.to_json().items()]
    return table(("SETTING", "VALUE", "LAYER", "FROM"), rows)
