"""``kitaru executions diff``: what is different between executions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import as_json, client, output_option, say, short_ids, table
from kitaru._cli.replaying import read_ids
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.diffs import ExecutionDiff


@click.command(cls=Command)
@click.argument("exec_ids", metavar="[A] [B]", nargs=-1, shell_complete=completion.executions)
@click.option("--originals", is_flag=True, help="Compare each of the replays named with its original.")
@click.option(
    "--ids-file",
    metavar="FILE",
    shell_complete=completion.files,
    help="A file with a pair of ids, or a replay's id, a line; - for stdin.",
)
@click.option(
    "--html",
    metavar="FILE",
    shell_complete=completion.files,
    help="Write the difference of one pair to a page of HTML as well.",
)
@output_option
def diff(*, exec_ids: tuple[str, ...], originals: bool, ids_file: str | None, html: str | None, output: str) -> None:
    """Show how the executions A and B differ. With A alone, its original is B.

    Several pairs are shown in a table.

    \b
    Examples:
      kitaru executions diff 0a1b2c3d 4e5f6a7b
      kitaru executions diff 4e5f6a7b --html diff.html
      kitaru executions diff --originals 4e5f6a7b 5f6a7b8c 6a7b8c9d
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    pairs = _pairs(exec_ids, originals, ids_file)
    if html and len(pairs) > 1:
        raise KitaruUsageError(f"--html takes one pair, and there are {len(pairs)}.")
    kitaru = client()
    diffs = [kitaru.executions.diff(*pair) for pair in pairs]
    if html:
        _write(html, diffs[0].to_html())
    alone = diffs[0] if len(diffs) == 1 and not ids_file else None
    text = as_json(alone or diffs) if output == "json" else alone.to_text() if alone else _summary(diffs)
    say(text)


def _pairs(exec_ids: Sequence[str], originals: bool, ids_file: str | None) -> list[list[str]]:
    lines = [line.replace(",", " ").split() for line in read_ids(ids_file)] if ids_file else []
    if originals or len(exec_ids) == 1:
        lines += [[exec_id] for exec_id in exec_ids]
    elif exec_ids:
        lines.append(list(exec_ids))
    wrong = next((line for line in lines if len(line) > 2), None)  # noqa: PLR2004 - a pair
    if wrong is not None:
        raise KitaruUsageError(f"{len(wrong)} executions are no pair: {' '.join(wrong)}. Name A and B, or --originals.")
    if not lines:
        raise KitaruUsageError("Name two executions, or a replay; or a file of such with --ids-file.")
    return lines


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise KitaruUsageError(f"--html {file} cannot be written: {error}.") from error


def _summary(diffs: list[ExecutionDiff]) -> str:
    from kitaru.diffs import summary_rows

    rows: list[dict[str, Any]] = summary_rows(diffs)
    ids = short_ids([row[side] for row in rows for side in ("a", "b")])
    lines = [
        (
            ids[row["a"]],
            ids[row["b"]],
            row["status_a"] if row["status_a"] == row["status_b"] else f"{row['status_a']} → {row['status_b']}",
            str(row["equal"]),
            ", ".join(row["changed"]),
            row["result"] or "",
            row["result_b"] or "",
        )
        for row in rows
    ]
    return table(("A", "B", "STATUS", "EQUAL", "CHANGED", "RESULT", "RESULT OF B"), lines)
