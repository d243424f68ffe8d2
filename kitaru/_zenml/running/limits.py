"""Limits of flows and checkpoints: their executions and calls wait for a place, over all processes of this machine."""

from __future__ import annotations

import inspect
import sys
from contextlib import contextmanager
from os.path import realpath
from typing import TYPE_CHECKING, Any

from zenml.exceptions import RunStoppedException

from kitaru._core.code.gates import Gate, Limit, through
from kitaru._core.process.event import Event, Kind
from kitaru._zenml.records import records
from kitaru._zenml.records.events import has_log, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from zenml.models import PipelineRunResponse
    from zenml.stack import Stack

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.settings.settings import ResolvedSettings
    from kitaru._zenml.running.plain_step import Called

CONCURRENCY_KEY = "concurrency"


def gate_of(called: Called, name: str, run_id: UUID) -> Gate | None:
    """Return the way of a call past the limits of its checkpoint; None where that has none.

    Args:
        called: What is called.
        name: The call's name.
        run_id: The run.
    """
    options = called.options
    if options.concurrency is None and options.rate is None:
        return None
    function: Callable[..., Any] = inspect.unwrap(called.func)
    limit = Limit(
        f"checkpoint {realpath(inspect.getfile(function))}:{function.__qualname__}", options.concurrency, options.rate
    )
    return Gate(limit, tell=lambda text: _tell(f"checkpoint {name} {text}", name), check=_check_of(run_id))


@contextmanager
def place_of_flow(run: PipelineRunResponse) -> Iterator[None]:
    """Wait for a place among the executions of a flow, in the order in which they were submitted, and keep it.

    Args:
        run: The execution's run.

    Raises:
        RunStoppedException: It was cancelled meanwhile.
    """
    extra = records.extra_of(run)
    places = extra.get(CONCURRENCY_KEY)
    if places is None:
        yield
        return
    module = extra["job"]["module"] or {}
    limit = Limit(f"flow {extra['flow']} of {module.get('root')}", places)
    order = int(run.created.timestamp() * 1e9)
    gate = Gate(limit, tell=lambda text: _tell(f"the execution {text}"), check=_check_of(run.id), order=order)
    gate.request()
    with through(gate):
        yield


def warn_of_limits(flow: FlowDefinition[..., Any], settings: ResolvedSettings, stack: Stack) -> None:
    """Tell the submitter of a flow whose executions run elsewhere that nothing keeps them from running at once."""
    if settings.options.concurrency is not None:
        sys.stderr.write(
            f"kitaru: concurrency={settings.options.concurrency} of flow {flow.name!r} is not kept on stack {stack.name!r}: "
            f"only executions that run in processes of this machine wait for each other.\n"
        )


def _tell(text: str, checkpoint: str | None = None) -> None:
    tell(Event(Kind.QUEUED, text, checkpoint=checkpoint, message=text))


def _check_of(run_id: UUID) -> Callable[[], None] | None:
    """Return what raises where an execution has been cancelled; None in a process that is ended then."""
    if has_log():
        return None

    def check() -> None:
        if records.is_stopping(run_id):
            raise RunStoppedException("the execution was cancelled")

    return check
