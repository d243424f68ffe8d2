"""What MkDocs asks while it builds the site: the reference of the command line is what each ``--help`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = "<!-- commands -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the help of every command in its place on the page."""
    if PLACE not in markdown:
        return markdown
    from kitaru._cli.main import cli

    context = click.Context(cli, info_name="kitaru", terminal_width=80, **cli.context_settings)
    return markdown.replace(PLACE, "\n\n".join(_sections(cli, context)))


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    path = context.command_path
    depth, anchor = len(path.split()) + 1, path.replace(" ", "-")
    yield f"{'#' * depth} {path} {{ #{anchor} data-toc-label='{context.info_name}' }}"
    help_text = command.get_help(context).partition("\n\nCommands:\n")[0]  # they follow, with their own help
    yield f"```text\n{help_text}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _sections(found, click.Context(found, info_name=name, parent=context))
