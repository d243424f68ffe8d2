"""``kitaru executions timeline`` and ``graph``: executions as pictures, and as text that others draw."""

from __future__ import annotations

from pathlib import Path

import click

from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import client, coloured_as, say, terminal_width
from kitaru.errors import KitaruUsageError

_id = click.argument("exec_id", metavar="ID", shell_complete=completion.executions)


@click.command(cls=Command)
@_id
@click.option("--svg", metavar="FILE", shell_complete=completion.files, help="Write it as a picture; - for stdout.")
@click.option(
    "--html",
    metavar="FILE",
    shell_complete=completion.files,
    help="Write it as a page; - for stdout.",
)
def timeline(*, exec_id: str, svg: str | None, html: str | None) -> None:
    """Show what ran when in the execution ID.

    It shows calls at once, attempts, waits, the cache, and what took the time. The critical path is marked: the chain
    of calls and waits that the length of the execution is made of. Files need no others and no network.

    \b
    Examples:
      kitaru executions timeline 0a1b2c3d
      kitaru executions timeline 0a1b2c3d --svg timeline.svg
      kitaru executions timeline 0a1b2c3d --html timeline.html
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    execution = kitaru.executions.get(exec_id)
    from kitaru import pictures

    if svg is not None:
        _write(svg, pictures.timeline_svg(execution), "--svg")
    if html is not None:
        _write(html, pictures.timeline_html(execution), "--html")
    if svg is None and html is None:
        for line in pictures.timeline_text(execution, terminal_width(), coloured_as):
            say(line)


@click.command(cls=Command)
@_id
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help="Mermaid is drawn by Markdown pages and notebooks, DOT by Graphviz.",
)
@click.option(
    "-o", "--to", metavar="FILE", shell_complete=completion.files, default="-", help="Write it into this file."
)
def graph(*, exec_id: str, form: str, to: str) -> None:
    """Print the lineage of an execution as the text of a graph. It shows which call depends on which.

    Fan-outs and loops are folded where there are many calls.

    \b
    Examples:
      kitaru executions graph 0a1b2c3d
      kitaru executions graph 0a1b2c3d --format dot | dot -Tsvg > lineage.svg
      kitaru executions graph 0a1b2c3d --to lineage.mmd
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    execution = kitaru.executions.get(exec_id)
    from kitaru import pictures

    write = pictures.graph_dot if form == "dot" else pictures.graph_mermaid
    _write(to, write(execution), "--to")


def _write(name: str, text: str, option: str) -> None:
    if name == "-":
        say(text, nl=False)
        return
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise KitaruUsageError(f"{option} {name} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {name}.", err=True)
