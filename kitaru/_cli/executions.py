"""``kitaru executions``: look at executions; the verbs that change their course are in ``steering``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from kitaru import ExecutionStatus
from kitaru._cli import completion
from kitaru._cli.answering import input_
from kitaru._cli.describe import described
from kitaru._cli.diffing import diff
from kitaru._cli.group import Group
from kitaru._cli.output import (
    as_json,
    client,
    clock,
    length,
    output_option,
    price,
    say,
    short_ids,
    show_list,
    stream,
    table,
)
from kitaru._cli.pictures import graph, timeline
from kitaru._cli.pruning import prune
from kitaru._cli.replaying import replay, replay_many
from kitaru._cli.since import parse_since
from kitaru._cli.steering import cancel, delete, recover, resume, retry
from kitaru._cli.watch import watch
from kitaru._core.words.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kitaru.models import ExecutionSummary, ExecutionUsage, LogEntry

_ALONE = "default"  # the one user of a store that nobody shares
_LATEST = 200  # executions whose names are known where a filter matches none


@click.group(cls=Group)
def executions() -> None:
    """Look at executions, and steer them.

    An execution's ID may be shortened to a beginning that no other one has.
    """


for command in (
    cancel,
    delete,
    diff,
    graph,
    input_,
    prune,
    recover,
    replay,
    replay_many,
    resume,
    retry,
    timeline,
    watch,
):
    executions.add_command(command)


@executions.command("list")
@click.option("--flow", metavar="NAME", shell_complete=completion.flows, help="Only those of this flow.")
@click.option("--status", type=click.Choice(list(map(str, ExecutionStatus))), help="Only those in this state.")
@click.option("--stack", metavar="NAME", shell_complete=completion.stacks, help="Only those on this stack.")
@click.option("--tag", metavar="TAG", help="Only those with this tag.")
@click.option("--user", metavar="NAME", help="Only those of this user of ZenML.")
@click.option("--since", metavar="WHEN", help="Only those submitted since: 2h, 3d, 2026-01-31 or 2026-01-31T14:00.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@click.option("--usage", is_flag=True, help="Show what their model calls have used, too.")
@output_option
def list_(*, since: str | None, limit: int, usage: bool, output: str, **filters: str | None) -> None:
    """List executions, the latest first.

    Where they are of users of a server, a column tells whose each is.

    \b
    Examples:
      kitaru executions list --status failed --since 2h
      kitaru executions list --flow survey --output json
      kitaru executions list --tag nightly --user ada
      kitaru executions list --usage
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    earliest = parse_since(since, datetime.now().astimezone()) if since else None
    kitaru = client()
    summaries = kitaru.executions.list(**filters, since=earliest, limit=limit)
    latest = [] if summaries else kitaru.executions.list(limit=_LATEST)
    near = _near(filters, latest)
    show_list(
        summaries,
        output,
        lambda: _table(summaries, usage=usage),
        otherwise=f"No execution matches.{near}" if latest else "There are no executions yet.",
    )


@executions.command()
@click.argument("exec_id", metavar="ID", shell_complete=completion.executions)
@click.option("--result", is_flag=True, help="Print only the value of the completed execution, as JSON.")
@output_option
def get(*, exec_id: str, result: bool, output: str) -> None:
    """Show all that is known of the execution ID.

    \b
    Examples:
      kitaru executions get 0a1b2c3d
      kitaru executions get 0a1b2c3d --result
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    if result:
        say(_result(kitaru.executions.result(exec_id)))
        return
    execution = kitaru.executions.get(exec_id)
    say(as_json(execution) if output == "json" else described(execution))


@executions.command()
@click.argument("exec_id", metavar="ID", shell_complete=completion.executions)
@click.option("--checkpoint", metavar="NAME", help="Only of this call of a checkpoint, such as fetch_2.")
@click.option(
    "--source",
    type=click.Choice(["step", "runner"]),
    default="step",
    show_default=True,
    help="What checkpoints printed and logged, or all the runner's output.",
)
@click.option("--follow", "-f", is_flag=True, help="Go on until the execution has finished.")
@output_option
def logs(*, exec_id: str, checkpoint: str | None, source: str, follow: bool, output: str) -> None:
    """Print the log of the execution ID. With --output json each line is a JSON object.

    \b
    Examples:
      kitaru executions logs 0a1b2c3d --checkpoint fetch_2
      kitaru executions logs 0a1b2c3d --source runner --follow
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    shown = _as_data if output == "json" else _as_text
    try:
        printed = stream(map(shown, _entries(exec_id, checkpoint, source, follow)))
        if not printed and source == "step":
            click.echo("Its checkpoints have printed nothing. All the runner's output: --source runner", err=True)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"no longer following execution {exec_id}; it was not cancelled. Go on with: "
            f"kitaru executions logs {exec_id} --follow"
        ) from None


def _near(filters: Mapping[str, str | None], latest: Sequence[ExecutionSummary]) -> str:
    """Suggest what a filter may mean that matches none of the latest executions."""
    known: dict[str, Iterable[str | None]] = {
        "flow": (one.flow_name for one in latest),
        "stack": (one.stack_name for one in latest),
        "tag": (tag for one in latest for tag in one.tags),
        "user": (one.user for one in latest),
    }
    return next(filter(None, (_nearest(filters[name], names) for name, names in known.items())), "")


def _nearest(name: str | None, known: Iterable[str | None]) -> str:
    """Suggest the nearest name, where the given one is not known."""
    names = set(filter(None, known))
    return did_you_mean(name, names) if name and name not in names else ""


def _entries(exec_id: str, checkpoint: str | None, source: Any, follow: bool) -> Iterator[LogEntry]:
    from kitaru.client import KitaruClient

    yield from KitaruClient().executions.logs(exec_id, checkpoint, source=source, follow=follow)


def _as_data(entry: LogEntry) -> str:
    return as_json(entry, indent=None)


def _as_text(entry: LogEntry) -> str:
    """Return a line as it was printed, behind the checkpoint where several may speak."""
    from kitaru._core.code.frames import own_frames

    message = own_frames(entry.message)
    return f"{entry.checkpoint} | {message}" if entry.checkpoint else message


def _result(value: Any) -> str:
    from kitaru.json_values import result_to_json

    return result_to_json(value)


def _table(summaries: list[ExecutionSummary], *, usage: bool) -> str:
    ids = short_ids([execution.exec_id for execution in summaries])
    today = datetime.now().astimezone()
    has_users = any(execution.user not in (None, _ALONE) for execution in summaries)
    rows = [
        (
            ids[execution.exec_id],
            execution.flow_name,
            execution.status,
            execution.stack_name or "",
            *((execution.user or "",) if has_users else ()),
            clock(execution.started_at, today),
            length(execution.started_at, execution.ended_at),
            *(_used(execution.usage) if usage else ()),
        )
        for execution in summaries
    ]
    columns = ("ID", "FLOW", "STATUS", "STACK", *(("USER",) if has_users else ()), "STARTED", "DURATION")
    return table((*columns, "CALLS", "TOKENS IN", "TOKENS OUT", "COST", "SAVED") if usage else columns, rows)


def _used(usage: ExecutionUsage | None) -> tuple[str, ...]:
    if usage is None:
        return ("", "", "", "", "")
    saved = price(usage.saved) if usage.saved.calls else ""
    return (str(usage.calls), f"{usage.input_tokens:,}", f"{usage.output_tokens:,}", price(usage), saved)
