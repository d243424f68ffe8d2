"""``kitaru executions input``: answer what an execution waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kitaru._cli import completion
from kitaru._cli.group import Command
from kitaru._cli.output import as_json, client, output_option, say
from kitaru.errors import KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from kitaru.models import PendingWait


@click.command("input", cls=Command)
@click.argument("exec_id", metavar="ID", shell_complete=completion.executions)
@click.option("--value", help="The answer: JSON, or a word where yes, no or text is asked for.")
@click.option("--wait", metavar="NAME", help="Name of the wait, to be sure which one is answered.")
@click.option("--interactive", "-i", is_flag=True, help="Ask here, on the terminal.")
@click.option("--abort", is_flag=True, help="Give no answer: abort the wait, which cancels the execution.")
@output_option
def input_(*, exec_id: str, value: str | None, wait: str | None, interactive: bool, abort: bool, output: str) -> None:
    """Answer what the execution ID waits for. One that has paused goes on.

    \b
    Examples:
      kitaru executions input 0a1b2c3d --value yes
      kitaru executions input 0a1b2c3d --wait budget --value '{"limit": 20, "currency": "EUR"}'
      kitaru executions input 0a1b2c3d --interactive
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    if (value is not None) + interactive + abort != 1:
        raise KitaruUsageError("Give one of --value, --interactive and --abort.")
    kitaru = client()
    exec_id = kitaru.executions.get(exec_id).exec_id
    pending = _pending(kitaru, exec_id, wait)
    if abort:
        kitaru.executions.abort_wait(exec_id, wait=pending.name)
    elif interactive:
        _ask(exec_id, pending)
    else:
        _answer(kitaru, exec_id, pending, value)
    done = "aborted" if abort else "answered"
    report = {"exec_id": exec_id, "wait": pending.name, "outcome": done}
    say(as_json(report) if output == "json" else f"The wait {pending.name!r} of execution {exec_id} is {done}.")


def _pending(kitaru: KitaruClient, exec_id: str, name: str | None) -> PendingWait:
    """Return what the execution waits for."""
    pending = kitaru.executions.pending_waits(exec_id).get(exec_id)
    if pending is None:
        raise KitaruStateError(
            f"Execution {exec_id} does not wait for input. Its state: kitaru executions get {exec_id}"
        )
    if name not in (None, pending.name):
        raise KitaruStateError(
            f"Execution {exec_id} does not wait for {name!r}, but for {pending.name!r}"
            f"{f': {pending.question}' if pending.question else '.'}"
        )
    return pending


def _answer(kitaru: KitaruClient, exec_id: str, pending: PendingWait, text: Any) -> None:
    from kitaru.answers import answer_from_text

    kitaru.executions.input(exec_id, wait=pending.name, value=answer_from_text(text, pending.json_schema))


def _ask(exec_id: str, pending: PendingWait) -> None:
    from kitaru._terminal.asking import ask

    try:
        ask(exec_id, pending)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"the question stays open. Answer it with: kitaru executions input {exec_id} --value ..."
        ) from None
