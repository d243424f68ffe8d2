"""What the commands share: the form of results, tables, moments and durations for people, and stdout kept clean."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kitaru.client import KitaruClient
    from kitaru.models import Usage

Command = TypeVar("Command", bound="Callable[..., Any]")

COLOURS = {
    "pending": "white",
    "running": "cyan",
    "waiting": "yellow",
    "completed": "green",
    "cached": "green",
    "failed": "red",
    "lost": "red",
    "cancelled": "magenta",
}
_SHORT_ID = 8


def _present_as(ctx: click.Context, _: click.Parameter, form: str) -> str:
    ctx.obj.json = form == "json"
    return form


def output_option(command: Command) -> Command:
    """Give a command ``--output text|json``."""
    option = click.option(
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        is_eager=True,  # read first, so that errors of other options are data as well
        callback=_present_as,
        help="The form of the result, and of an error on stderr.",
    )
    return option(command)


# The stdout that the running command began with.
_results: ContextVar[TextIO | None] = ContextVar("results", default=None)


@contextmanager
def results_alone_on_stdout() -> Iterator[None]:
    """Let only what :func:`say` prints reach stdout: all else that is printed in the block goes to stderr."""
    token = _results.set(_stdout())
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _results.reset(token)


def _stdout() -> TextIO:
    return _results.get() or sys.stdout


def say(text: str, *, nl: bool = True) -> None:
    """Print a result, or a part of it, on stdout.

    Args:
        text: What to print; its colours are left out where stdout is no terminal.
        nl: Whether a line ends with it.
    """
    click.echo(text, file=_stdout(), nl=nl)


def client() -> KitaruClient:
    """Return the client, which is imported when it is needed."""
    from kitaru.client import KitaruClient

    return KitaruClient()


def stream(lines: Iterable[str]) -> int:
    """Print lines as they come, and return how many."""
    number = 0
    for number, line in enumerate(lines, 1):  # noqa: B007 - counted
        say(line)
    return number


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """Return models and what holds them as JSON."""
    return json.dumps(_plain(value), indent=indent, ensure_ascii=False)


def show_list(items: Sequence[Any], output: str, as_text: Callable[[], str], *, otherwise: str) -> None:
    """Print what a command has found.

    Args:
        items: The models.
        output: ``"json"`` or ``"text"``.
        as_text: Returns them for people; called where there are some.
        otherwise: What people are told where there are none, on stderr.
    """
    if output == "json":
        say(as_json(items))
    elif items:
        say(as_text())
    else:
        click.echo(otherwise, err=True)


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


# -- for people -------------------------------------------------------------------------------------------------------


def is_terminal() -> bool:
    """Whether results are read by a person at a terminal."""
    return _stdout().isatty()


def coloured(word: str) -> str:
    """Return a status in its colour, on a terminal that has colours."""
    return coloured_as(word, word)


def coloured_as(text: str, status: str) -> str:
    """Return a text in the colour of a status, on a terminal that has colours."""
    plain = not is_terminal() or bool(os.environ.get("NO_COLOR"))
    return text if plain or status not in COLOURS else click.style(text, fg=COLOURS[status])


def without_colours(text: str) -> str:
    """Return what a program put out, without colours where the terminal has none."""
    from kitaru._core.drawing.escapes import plain

    return text if is_terminal() and not os.environ.get("NO_COLOR") else plain(text)


def price(usage: Usage) -> str:
    """Return what model calls cost, for people: ``"$0.0123"``; with a plus where some have no known price."""
    if usage.unpriced and usage.unpriced == usage.calls:
        return "unknown"
    digits = 2 if usage.cost >= 1 else 4
    return f"${usage.cost:,.{digits}f}{'+' if usage.unpriced else ''}"


def terminal_width() -> int:
    """Return how many signs fit into a line."""
    return shutil.get_terminal_size().columns


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under headers; cut to the width of a terminal, whole where another program reads them."""
    return _rich_table(headers, rows) if is_terminal() else _plain_table(headers, rows)


def _plain_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [list(headers), *([cell.replace("\n", " ") for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _rich_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold")
    last = len(headers) - 1
    for number, header in enumerate(headers):  # one column alone is broken over lines: remarks, types, places
        grid.add_column(header, no_wrap=number < last, overflow="fold" if number in (0, last) else "ellipsis")
    for row in rows:
        grid.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    console = Console(file=_stdout())
    with console.capture() as captured:
        console.print(grid)
    return "\n".join(line.rstrip() for line in captured.get().rstrip("\n").splitlines())


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """Return what to show for ids: on a terminal the beginning that tells them apart, elsewhere all of each."""
    if not is_terminal():
        return {known: known for known in ids}
    length = next(n for n in range(_SHORT_ID, 37) if len({known[:n] for known in ids}) == len(set(ids)))
    return {known: known[:length] for known in ids}


def moment(at: datetime | None) -> str:
    """Return a moment in local time."""
    return "" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def clock(at: datetime | None, day: datetime | None) -> str:
    """Return a moment in local time, at a terminal without the day where that is the one of another moment."""
    if at is None or day is None or not is_terminal() or at.astimezone().date() != day.astimezone().date():
        return moment(at)
    return f"{at.astimezone():%H:%M:%S}"


def length(start: datetime | None, end: datetime | None) -> str:
    """Return how long something took, or has been going on."""
    from kitaru._core.drawing.trace import seconds

    return "" if start is None else seconds(((end or datetime.now(UTC)) - start).total_seconds())


def shown(value: Any) -> str:
    """Return a plain value in a line."""
    if value is None:
        return "(none)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
