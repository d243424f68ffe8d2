"""What a shell can complete: ids of executions, names of flows, stacks and checkpoints. Silent where nothing answers."""

from __future__ import annotations

import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from kitaru.models import ExecutionSummary

_LIMIT = 100


def executions(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of an execution; the shell may show flow and status with it."""
    return [
        CompletionItem(execution.exec_id, help=f"{execution.flow_name}, {execution.status}")
        for execution in _listed()
        if execution.exec_id.startswith(incomplete.lower())
    ]


def flows(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a flow that has run."""
    return _items((execution.flow_name for execution in _listed()), incomplete)


def stacks(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a stack that something has run on."""
    return _items((execution.stack_name or "" for execution in _listed()), incomplete)


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(set(names)) if name.startswith(incomplete)]


def _listed() -> list[ExecutionSummary]:
    """List the latest executions; whatever goes wrong or is said meanwhile would end up in the user's prompt."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            from kitaru.client import KitaruClient

            return KitaruClient().executions.list(limit=_LIMIT)
        except Exception:  # noqa: BLE001 - a completion that fails completes nothing
            return []
