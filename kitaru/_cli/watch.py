"""``kitaru executions watch``: what an execution does, in lines, until it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import as_json, client, coloured, is_terminal, length, output_option, stream, without_colours
from kitaru.errors import KitaruStateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru._core.process.event import Event as RunnerEvent
    from kitaru.client import KitaruClient
    from kitaru.models import CheckpointExecution, Execution

Event = dict[str, Any]

# Seconds between two looks: a reader of lines does not see less.
_LOOK = 0.5


@click.command(cls=Command)
@click.argument("exec_id", metavar="[ID]", required=False, shell_complete=completion.executions)
@output_option
def watch(*, exec_id: str | None, output: str) -> None:
    """Show what an execution does until it ends. Without ID, it is the latest one.

    At a terminal its checkpoints are shown in place; in a pipe, or with NO_COLOR, each thing that happens is a line.
    Exits with 1 where the execution fails or is cancelled. With --output json each line is a JSON object.

    \b
    Examples:
      kitaru executions watch 0a1b2c3d
      kitaru executions watch
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    execution = kitaru.executions.get(exec_id) if exec_id else _latest(kitaru)
    from kitaru._terminal.progress import can_be_live
    from kitaru._terminal.progress import watch as follow_live

    shown = _as_data if output == "json" else _as_text
    live = output == "text" and is_terminal() and can_be_live()
    try:
        if live:
            follow_live(execution.exec_id)
        else:
            stream(map(shown, _events(kitaru, execution)))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"no longer watching execution {execution.exec_id}; it was not cancelled. Look at it again: "
            f"kitaru executions watch {execution.exec_id}"
        ) from None
    _raise_failure(kitaru, execution.exec_id)


def _latest(kitaru: KitaruClient) -> Execution:
    execution = kitaru.executions.latest()
    if execution is None:
        raise KitaruStateError("There are no executions to watch yet. Start one: kitaru run module:flow --detach")
    return execution


def _raise_failure(kitaru: KitaruClient, exec_id: str) -> None:
    """Let a failed execution end the command as it ends ``kitaru run``."""
    if not kitaru.executions.get(exec_id).status.is_successful:
        kitaru.executions.result(exec_id)


def _events(kitaru: KitaruClient, execution: Execution) -> Iterator[Event]:
    """Yield what happens, from the beginning to the end of the execution."""
    from kitaru._terminal.progress import output_of

    before: Execution | None = None
    output = output_of(execution.exec_id)
    while True:
        # The log is read after the record: all that a finished execution has logged is there.
        lines = list(_untold(output.new(final=execution.status.is_finished)))
        yield from _status_events(before, execution, ended=False)
        yield from _checkpoint_events(before, execution, ended=False)
        yield from ({"event": "log", "message": line} for line in lines)
        yield from _checkpoint_events(before, execution, ended=True)
        yield from _status_events(before, execution, ended=True)
        if execution.status.is_finished:
            return
        before = execution
        time.sleep(_LOOK)
        execution = kitaru.executions.get(execution.exec_id)


def _untold(items: Iterable[str | RunnerEvent]) -> Iterator[str]:
    """Yield output, and of what the runner tells that which the execution's record does not."""
    for item in items:
        if isinstance(item, str):
            yield from item.splitlines() or [""]
        elif not item.is_recorded:
            yield item.line


def _status_events(before: Execution | None, now: Execution, *, ended: bool) -> Iterator[Event]:
    changed = before is None or (before.status, before.pending_wait) != (now.status, now.pending_wait)
    if changed and now.status.is_finished is ended:
        wait = now.pending_wait.model_dump(mode="json") if now.pending_wait else None
        yield {
            "event": "status",
            "exec_id": now.exec_id,
            "flow_name": now.flow_name,
            "status": now.status,
            "pending_wait": wait,
        }


def _checkpoint_events(before: Execution | None, now: Execution, *, ended: bool) -> Iterator[Event]:
    known = {checkpoint.name: _state(checkpoint) for checkpoint in before.checkpoints} if before else {}
    for checkpoint in now.checkpoints:
        if known.get(checkpoint.name) != _state(checkpoint) and (checkpoint.ended_at is not None) is ended:
            yield {"event": "checkpoint", "checkpoint": checkpoint}


def _state(checkpoint: CheckpointExecution) -> tuple[object, ...]:
    return checkpoint.status, len(checkpoint.attempts), checkpoint.progress


def _as_data(event: Event) -> str:
    checkpoint = event.get("checkpoint")
    return as_json({**event, "checkpoint": checkpoint.model_dump(mode="json")} if checkpoint else event, indent=None)


def _as_text(event: Event) -> str:
    if event["event"] == "log":
        return without_colours(str(event["message"]))
    if event["event"] == "status":
        return f"execution {event['exec_id']} ({event['flow_name']}) is {coloured(event['status'])}{_wait_text(event)}"
    return _checkpoint_text(event["checkpoint"])


def _wait_text(event: Event) -> str:
    wait = event["pending_wait"]
    if wait is None:
        return ""
    question = f": {wait['question']}" if wait["question"] else ""
    return f" for {wait['name']!r}{question}\nanswer with: kitaru executions input {event['exec_id']} --interactive"


def _checkpoint_text(checkpoint: CheckpointExecution) -> str:
    last = checkpoint.attempts[-1] if checkpoint.attempts else None
    again = f", start {last.number}" if last and last.number > 1 else ""
    took = f" in {length(checkpoint.started_at, checkpoint.ended_at)}" if checkpoint.ended_at else ""
    note = checkpoint.progress if not checkpoint.ended_at else last.error if last else None
    return f"checkpoint {checkpoint.name} {coloured(checkpoint.status)}{took}{again}{f': {note}' if note else ''}"
