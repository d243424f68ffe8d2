"""What commands print that start an execution or let one go on: its result, or at once its id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kitaru._cli.output import as_json, say
from kitaru.errors import KitaruExecutionError

if TYPE_CHECKING:
    from kitaru.handle import FlowHandle

wait_option = click.option(
    "--wait/--detach", default=True, show_default=True, help="Print the result when it is there, or the id at once."
)


def report(handle: FlowHandle[Any], *, wait: bool, as_data: bool) -> None:
    """Wait for an execution and print its result as JSON; where nobody waits, print its id.

    Args:
        handle: The execution.
        wait: Whether to wait.
        as_data: Whether to print an object of id, state, result and link, also of an execution that fails.

    Raises:
        KitaruExecutionError: It failed or was cancelled.
    """
    try:
        result = _wait(handle) if wait else None
    except KitaruExecutionError:
        if as_data:
            say(_object(handle, None))
        raise
    text = _object(handle, result) if as_data else handle.exec_id if result is None else result
    say(text)


def _wait(handle: FlowHandle[Any]) -> str:
    from kitaru.json_values import result_to_json

    return result_to_json(handle.wait())


def _object(handle: FlowHandle[Any], result: str | None) -> str:
    return as_json(
        {
            "exec_id": handle.exec_id,
            "status": handle.status,
            "result": None if result is None else json.loads(result),
            "dashboard_url": handle.dashboard_url,
        }
    )
