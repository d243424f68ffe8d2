"""Logs of executions: what checkpoints printed, and what their runner did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zenml.artifacts.utils import load_artifact_store
from zenml.client import Client
from zenml.exceptions import DoesNotExistException
from zenml.log_stores.artifact.artifact_log_store import ArtifactLogStore
from zenml.log_stores.base_log_store import BaseLogStore
from zenml.stack import StackComponent

from kitaru._core.process.event import Event
from kitaru._core.records.executions import LogEntry
from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.store import translated
from kitaru._zenml.records import records
from kitaru._zenml.records.runner_log import RunnerLog
from kitaru._zenml.records.runs import find_run, settled_run, utc
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zenml.models import LogsResponse, PipelineRunResponse, StepRunResponse
    from zenml.models.v2.misc.log_models import LogEntry as StoredEntry

# Seconds between two looks while a log is followed, and how many lines of one log are read at most.
_LOOK = 0.3
_LINES = 100_000


def read_logs(exec_id: str, checkpoint: str | None, source: str, *, follow: bool) -> Iterator[LogEntry]:
    """Yield the lines of an execution's log.

    Args:
        exec_id: The execution.
        checkpoint: A call's name; None for all of them, in the order in which they started.
        source: ``"step"`` for what checkpoints printed, ``"runner"`` for the runner's whole output.
        follow: Whether to go on until the execution has finished.

    Raises:
        KitaruUsageError: There is no such source.
    """
    if source not in ("step", "runner"):
        raise KitaruUsageError(f"logs(source={source!r}): the sources are 'step' and 'runner'.")
    return _lines(exec_id, checkpoint, source, follow=follow)


def _lines(exec_id: str, checkpoint: str | None, source: str, *, follow: bool) -> Iterator[LogEntry]:
    run = find_run(exec_id)
    if checkpoint is not None:
        _require(run, checkpoint)
    runner_log = RunnerLog(str(run.id))
    seen: dict[str, int] = {}
    while True:
        finished = settled_run(str(run.id), hydrate=False).status.is_finished
        final = finished or not follow
        if source == "runner" and runner_log.exists():
            yield from _entries_of(runner_log.new(final=final))
        else:
            with translated(f"reading the logs of execution {run.id}"):
                fresh = runner_lines(run) if source == "runner" else _step_lines(run, checkpoint)
                for key, entries in fresh:
                    known = seen.get(key, 0)
                    seen[key] = len(entries)
                    yield from entries[known:]
        if final:
            return
        time.sleep(_LOOK)


def _entries_of(items: Iterable[str | Event]) -> Iterator[LogEntry]:
    for item in items:
        if isinstance(item, Event) and not item.text:
            continue
        if isinstance(item, Event):
            yield LogEntry(message=item.line, at=item.at, event=item.data())
        else:
            yield from (LogEntry(message=line) for line in item.splitlines() or [""])


def runner_lines(run: PipelineRunResponse) -> Iterable[tuple[str, list[LogEntry]]]:
    """Yield what ZenML has stored of an execution's runner, as the names of its logs and their lines."""
    for logs in find_run(str(run.id)).log_collection or []:
        yield str(logs.id), [_entry(entry, None) for entry in _stored(logs)]


def _step_lines(run: PipelineRunResponse, checkpoint: str | None) -> Iterable[tuple[str, list[LogEntry]]]:
    steps = records.latest_steps(run.id, hydrate=True).values()
    for step in sorted(steps, key=lambda step: (step.start_time is None, step.start_time, step.name)):
        if checkpoint in (None, step.name):
            yield from printed_by(step)


def printed_by(step: StepRunResponse) -> Iterable[tuple[str, list[LogEntry]]]:
    """Yield what a start of a checkpoint has printed, as the names of its logs and their lines."""
    for logs in step.log_collection or []:
        if logs.source == "step":
            yield str(logs.id), [_entry(entry, step.name) for entry in _stored(logs)]


def _stored(logs: LogsResponse) -> list[StoredEntry]:
    store: BaseLogStore
    if logs.log_store_id is not None:
        component = StackComponent.from_model(Client().zen_store.get_stack_component(logs.log_store_id))
        assert isinstance(component, BaseLogStore)
        store = component
    elif logs.artifact_store_id is not None:
        store = ArtifactLogStore.from_artifact_store(load_artifact_store(logs.artifact_store_id))
    else:
        return []
    try:
        return _whole(store.fetch(logs_model=logs, limit=_LINES).items)
    except (DoesNotExistException, FileNotFoundError):  # nothing has been written yet
        return []


def _whole(entries: Iterable[StoredEntry]) -> list[StoredEntry]:
    """Put the pieces together into which ZenML cuts long messages."""
    messages: list[StoredEntry] = []
    for entry in entries:
        if entry.chunk_index and messages and messages[-1].id == entry.id:
            messages[-1] = messages[-1].model_copy(update={"message": messages[-1].message + entry.message})
        else:
            messages.append(entry)
    return messages


def _entry(entry: StoredEntry, checkpoint: str | None) -> LogEntry:
    level = entry.level.name.lower() if entry.level is not None else None
    return LogEntry(message=entry.message, checkpoint=checkpoint, at=utc(entry.timestamp), level=level)


def _require(run: PipelineRunResponse, checkpoint: str) -> None:
    with translated(f"reading execution {run.id}"):
        known = sorted(records.latest_steps(run.id))
    if checkpoint not in known and run.status.is_finished:
        raise KitaruUsageError(
            f"Execution {run.id} has no checkpoint {checkpoint!r}.{did_you_mean(checkpoint, known)} It has: "
            f"{', '.join(known) or 'none'}."
        )
