"""Checkpoints that ask for a container of their own: whether they get one, and one warning where they do not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from zenml.client import Client
from zenml.enums import StepRuntime

from kitaru._core.code.definitions import CheckpointDefinition
from kitaru._zenml.records.events import warn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from zenml.stack import Stack

    from kitaru._core.code.definitions import FlowDefinition, Runtime

ISOLATED = "isolated"
PROCESS = "process"
_warned: list[str] = []


def runtime(checkpoint: str, option: Runtime | None) -> StepRuntime | None:
    """Return where ZenML is to run a checkpoint; the first one that cannot have what it asks for is warned of.

    Args:
        checkpoint: Its name.
        option: What it asks for.
    """
    if option is None:
        return None
    if option == PROCESS:  # its step is where the flow is
        return StepRuntime.INLINE
    stack = Client().active_stack
    if option != ISOLATED or stack.orchestrator.can_run_isolated_steps:
        return StepRuntime(option)
    if not _warned:  # once for each process that runs a flow
        _warned.append(checkpoint)
        warn(_warning(stack, [checkpoint]))
    return StepRuntime.INLINE


def warn_of(flow: FlowDefinition[..., Any], stack: Stack) -> None:
    """Warn the submitter of a flow of what its container would write to a log that nobody looks at."""
    if stack.orchestrator.can_run_isolated_steps:
        return
    names = [checkpoint.name for checkpoint in checkpoints_named(flow) if checkpoint.options.runtime == ISOLATED]
    if names:
        sys.stderr.write(f"kitaru: {_warning(stack, names)}\n")


def checkpoints_named(flow: FlowDefinition[..., Any]) -> list[CheckpointDefinition[..., Any]]:
    """Return the checkpoints that a flow's body names, as far as they are global names of its module."""
    known = flow.func.__globals__
    used = [known[name] for name in dict.fromkeys(_names(flow.func.__code__)) if name in known]
    return [item for item in used if isinstance(item, CheckpointDefinition)]


def _warning(stack: Stack, checkpoints: list[str]) -> str:
    return (
        f"stack {stack.name!r} has no containers for single checkpoints (its orchestrator is of flavor "
        f"{stack.orchestrator.flavor!r}): {', '.join(checkpoints)} will run in the flow's own, whatever its runtime says."
    )


def _names(code: CodeType) -> Iterator[str]:
    """Yield the global names that a function uses, those of functions inside it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            yield from _names(constant)
