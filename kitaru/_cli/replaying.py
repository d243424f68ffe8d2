"""``kitaru executions replay`` and ``replay-many``: run recorded executions again with something changed."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kitaru import ExecutionStatus
from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import as_json, client, coloured, output_option, say, short_ids, table
from kitaru._cli.run import read_image, read_input
from kitaru._cli.since import parse_since
from kitaru._cli.started import report, wait_option
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kitaru.client import KitaruClient
    from kitaru.models import ReplayOutcome, Replays

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


def _take_form(ctx: click.Context, _: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Let ``--output json`` mean what it means elsewhere, beside ``--output CHECKPOINT=JSON``."""
    ctx.obj.json = "json" in values
    return tuple(value for value in values if value not in ("json", "text"))


_OPTIONS = (
    click.option("--at", metavar="CHECKPOINT", help="Run again from this call on: rank, parse_2, parse[3] or an id."),
    click.option(
        "--input", "arguments", default="{}", metavar="JSON", help="New inputs of the flow: a JSON object, @FILE, or -."
    ),
    click.option("--skip", metavar="A,B", help="Take these calls from the record, though they come later."),
    click.option("--answer", "answers", multiple=True, metavar="WAIT=JSON", help="Give an answer ahead."),
    click.option("--stack", shell_complete=completion.stacks, help="The stack to run on."),
    click.option("--image", help="The base image, or the image's fields as JSON."),
    click.option("--cache/--no-cache", default=None, help="Whether the cache may answer what runs again; default: no."),
    click.option("--retries", type=click.IntRange(min=0), help="How many times a failed replay is tried again."),
)


def _options(command: Decorated) -> Decorated:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(cls=Command)
@click.argument("exec_id", metavar="ID", shell_complete=completion.executions)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="CHECKPOINT=JSON",
    is_eager=True,
    callback=_take_form,
    help="Do not run this call, let it return this value; or json or text: the form of the result.",
)
@_options
@wait_option
@click.pass_context
def replay(ctx: click.Context, /, *, exec_id: str, outputs: tuple[str, ...], wait: bool, **options: Any) -> None:
    """Run the execution ID again from a point on.

    A new execution takes what ID has recorded up to there, and runs the rest. Without --at everything runs that did not
    succeed. The flow's code is loaded as it is now.

    \b
    Examples:
      kitaru executions replay 0a1b2c3d
      kitaru executions replay 0a1b2c3d --at rank --input '{"by": "date"}'
      kitaru executions replay 0a1b2c3d --output 'score[2]=0.9' --answer publish=yes --detach
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    flow = kitaru.executions.flow(exec_id)
    handle = flow.replay(exec_id, **_change(kitaru, exec_id, outputs, options))
    click.echo(f"kitaru: execution {handle.exec_id} replays {exec_id}", err=True)
    report(handle, wait=wait, as_data=ctx.obj.json)


@click.command("replay-many", cls=Command)
@click.argument("exec_ids", metavar="[ID]...", nargs=-1, shell_complete=completion.executions)
@click.option(
    "--ids-file", metavar="FILE", shell_complete=completion.files, help="A file with an id a line, or - for stdin."
)
@click.option("--flow", metavar="NAME", shell_complete=completion.flows, help="Those of this flow.")
@click.option("--status", type=click.Choice(list(map(str, ExecutionStatus))), help="Those in this state.")
@click.option("--since", metavar="WHEN", help="Those submitted since: 2h, 3d, 2026-01-31 or 2026-01-31T14:00.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many are found at most.")
@click.option(
    "--override", "outputs", multiple=True, metavar="CHECKPOINT=JSON", help="Let this call return this value."
)
@_options
@click.option("--at-once", type=click.IntRange(min=1), default=4, show_default=True, help="How many run at a time.")
@click.option("--diff", "compare", is_flag=True, help="Compare each with its original.")
@output_option
@click.pass_context
def replay_many(
    ctx: click.Context,
    /,
    *,
    exec_ids: tuple[str, ...],
    ids_file: str | None,
    flow: str | None,
    status: str | None,
    since: str | None,
    limit: int,
    outputs: tuple[str, ...],
    at_once: int,
    compare: bool,
    output: str,
    **options: Any,
) -> None:
    """Replay many executions alike.

    Those that are named and those that match the filters are replayed, and waited for. Exits with 1 where one of them
    fails; the others go on.

    \b
    Examples:
      kitaru executions replay-many --flow report --status completed --limit 20 --at prompt --diff
      kitaru executions replay-many --ids-file failed.txt --at-once 2
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    originals = [*exec_ids, *(read_ids(ids_file) if ids_file else [])]
    if flow or status or since:
        moment = parse_since(since, datetime.now().astimezone()) if since else None
        matches = kitaru.executions.list(flow=flow, status=status, since=moment, limit=limit)
        originals += [execution.exec_id for execution in matches]
    if not originals:
        raise KitaruUsageError("Name executions to replay: ids, --ids-file, --flow, --status or --since.")
    change = _change(kitaru, originals[0], outputs, options)
    replays = kitaru.executions.replay_many(list(dict.fromkeys(originals)), **change, at_once=at_once)
    rows = _rows(kitaru, replays, compare)
    say(as_json(rows) if output == "json" else _table(rows, compare))
    if replays.failed:
        ctx.exit(1)


def read_ids(file: str) -> list[str]:
    """Return the words of each line of a file of ids, or of stdin; empty lines and what follows a # are left out."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KitaruUsageError(f"--ids-file {file} cannot be read: {error}.") from error
    return [line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line]


def _change(kitaru: KitaruClient, exec_id: str, outputs: Sequence[str], options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``replay`` that the options mean."""
    from kitaru.answers import answer_from_text
    from kitaru.json_values import inputs_from_json

    answers = _pairs("--answer", options["answers"])
    waits = kitaru.executions.waits(exec_id) if answers else {}
    schemas = {name: waits[name].json_schema if name in waits else {} for name in answers}
    arguments = read_input(options["arguments"])
    return {
        "at": options["at"],
        "inputs": inputs_from_json(kitaru.executions.flow(exec_id).func, arguments) if arguments else None,
        "outputs": {name: _json(text) for name, text in _pairs("--output", outputs).items()} or None,
        "skip": [name.strip() for name in options["skip"].split(",")] if options["skip"] else None,
        "wait_answers": {name: answer_from_text(text, schemas[name]) for name, text in answers.items()} or None,
        "stack": options["stack"],
        "image": read_image(options["image"]),
        "cache": options["cache"],
        "retries": options["retries"],
    }


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name.strip() and equals):
            raise KitaruUsageError(f"{option} {text!r}: write NAME=JSON, such as {option} 'score=0.9'.")
        pairs[name.strip()] = value
    return pairs


def _json(text: str) -> Any:
    """Return the value that a text is as JSON; text that is no JSON is text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _rows(kitaru: KitaruClient, replays: Replays, compare: bool) -> list[dict[str, Any]]:
    from kitaru.diffs import summary_rows

    diffs = {row["b"]: row for row in summary_rows(kitaru.executions.diff_replays(replays))} if compare else {}
    rows = [_row(outcome) for outcome in replays.outcomes]
    return [{**row, "diff": diffs.get(row["exec_id"])} for row in rows] if compare else rows


def _row(outcome: ReplayOutcome) -> dict[str, Any]:
    from kitaru.json_values import result_to_json

    row = outcome.model_dump(mode="json", exclude={"result"})
    return {**row, "result": json.loads(result_to_json(outcome.result))}


def _table(rows: list[dict[str, Any]], compare: bool) -> str:
    known = [row[key] for row in rows for key in ("original_exec_id", "exec_id") if row[key]]
    ids = short_ids(known)
    lines = []
    for row in rows:
        note = (row["error"] or "").splitlines()[:1] or [json.dumps(row["result"], ensure_ascii=False)]
        line = [ids[row["original_exec_id"]], ids.get(row["exec_id"], ""), coloured(row["status"] or "not started")]
        if compare:
            diff = row["diff"] or {}
            line += [", ".join(diff.get("changed", ())), diff.get("result_a") or ""]
        lines.append([*line, note[0]])
    headers = ["ORIGINAL", "REPLAY", "STATUS", *(["CHANGED", "RESULT BEFORE"] if compare else []), "RESULT"]
    return table(headers, lines)
