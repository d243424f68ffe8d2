"""``kitaru executions prune``: delete old executions with all that belongs to them alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import as_json, client, moment, output_option, say, short_ids, table
from kitaru._cli.since import parse_since
from kitaru._cli.steering import confirm
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru._core.records.pruning import Pruned

_UNITS = ("B", "kB", "MB", "GB", "TB")


@click.command(cls=Command)
@click.option("--older-than", metavar="AGE", help="Only those that ended so long ago: 12h, 30d, 8w; or before a date.")
@click.option("--keep", metavar="N", type=click.IntRange(min=0), help="Keep the latest N of each flow.")
@click.option("--flow", metavar="NAME", shell_complete=completion.flows, help="Only those of this flow.")
@click.option("--dry-run", is_flag=True, help="Delete nothing; say what would be deleted.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@output_option
def prune(*, older_than: str | None, keep: int | None, flow: str | None, dry_run: bool, yes: bool, output: str) -> None:
    """Delete finished executions, with all that is theirs alone.

    Their records, stored values, logs, files on this machine, and container images in this machine's engine. What other
    executions, models or replays refer to stays. A failed execution that is deleted can no longer be retried.

    \b
    Examples:
      kitaru executions prune --older-than 30d --dry-run
      kitaru executions prune --keep 10 --flow nightly --yes
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    if older_than is None and keep is None:
        raise KitaruUsageError("Say which executions to delete: --older-than 30d, --keep 10, or both.")
    earlier = parse_since(older_than, datetime.now().astimezone(), "--older-than") if older_than else None
    executions = client().executions
    if dry_run or not yes:
        planned = executions.prune(older_than=earlier, keep=keep, flow=flow, dry_run=True)
        if dry_run or not planned.executions:
            say(as_json(planned) if output == "json" else _text(planned))
            return
        click.echo(_text(planned), err=True)
        confirm(f"Delete {len(planned.executions)} executions?")
    pruned = executions.prune(older_than=earlier, keep=keep, flow=flow)
    say(as_json(pruned) if output == "json" else _summary(pruned))


def _text(pruned: Pruned) -> str:
    if not pruned.executions:
        return "No finished execution is to be deleted."
    ids = short_ids([one.exec_id for one in pruned.executions])
    rows = [(ids[one.exec_id], one.flow_name, one.status, moment(one.ended_at)) for one in pruned.executions]
    return f"{table(('ID', 'FLOW', 'STATUS', 'ENDED'), rows)}\n{_summary(pruned)}"


def _summary(pruned: Pruned) -> str:
    count = f"{len(pruned.executions)} executions with {pruned.artifacts} stored values, {_bytes(pruned.bytes)}"
    if pruned.dry_run:
        return f"{count} at most: what others refer to stays."
    kept = f" {pruned.artifacts_kept} values stay, as others refer to them." if pruned.artifacts_kept else ""
    images = f" Images: {', '.join(pruned.images)}." if pruned.images else ""
    return f"Deleted {count}.{kept}{images}"


def _bytes(number: int) -> str:
    size = float(number)
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004 - a thousand of one unit is one of the next
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
