"""Executions as pictures: the timeline for files, notebooks and terminals, the lineage as text that others draw."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kitaru._core.drawing import graph_text as _graph
from kitaru._core.drawing import timeline_svg as _timeline
from kitaru._core.drawing.svg import page, printable
from kitaru._core.drawing.timeline_text import timeline_lines
from kitaru._core.drawing.trace import Attempt, Call, Trace, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kitaru._core.records.executions import CheckpointExecution, ExecutionRecord


def trace_of(execution: ExecutionRecord, now: datetime | None = None) -> Trace:
    """Return the trace of an execution.

    Args:
        execution: The execution.
        now: The moment up to which what has not ended is drawn; the present one by default.
    """
    moment = execution.ended_at or now or datetime.now(UTC)
    zero = _zero(execution, moment)

    def at(when: datetime | None) -> float:
        return ((when or moment) - zero).total_seconds()

    calls = [_call(checkpoint, at) for checkpoint in execution.checkpoints if _has_started(checkpoint)]
    waits = [
        Wait(
            wait.name,
            wait.question,
            at(wait.asked_at),
            at(wait.answered_at),
            not wait.answered_at,
        )
        for wait in execution.waits
    ]
    failure = execution.failure
    return Trace(
        execution.flow_name,
        execution.exec_id,
        str(execution.status),
        tuple(sorted(calls, key=lambda call: (call.start, call.name))),
        tuple(sorted(waits, key=lambda wait: wait.start)),
        tuple(at(attempt.started_at) for attempt in execution.attempts),
        max(at(execution.ended_at), 0.0),
        failure.message if failure else None,
    )


def timeline_svg(execution: ExecutionRecord) -> str:
    """Return an execution's timeline as SVG, which needs no other file.

    Lanes tell what ran at once; attempts, waits, what came from the cache and the critical path are marked. Calls of one
    checkpoint are drawn together, so that 300 of them stay a picture.

    Args:
        execution: The execution; ``KitaruClient().executions.get(exec_id)`` or ``handle.execution``.

    Examples:
        >>> Path("timeline.svg").write_text(timeline_svg(handle.execution))  # doctest: +SKIP
    """
    return _timeline.timeline_svg(trace_of(execution))


def timeline_html(execution: ExecutionRecord) -> str:
    """Return an execution's timeline as a page of HTML."""
    trace = trace_of(execution)
    return page(f"{trace.title} {trace.exec_id}", _timeline.timeline_svg(trace))


def timeline_text(execution: ExecutionRecord, width: int, colour: Callable[[str, str], str]) -> Iterator[str]:
    """Yield an execution's timeline as lines for a terminal.

    Args:
        execution: The execution.
        width: Line width in characters.
        colour: Colours a text as a state: ``colour("text", "failed")``.
    """
    return timeline_lines(trace_of(execution), width, colour)


def graph_mermaid(execution: ExecutionRecord) -> str:
    """Return an execution's lineage as a flowchart of Mermaid: an arrow leads from a call to each that got its result.

    A dotted arrow with the word "then" leads to a call that came after another and got nothing of it.
    Markdown pages on code hosts, documentation sites and notebooks draw it. Fan-outs and loops are folded where there
    are many calls.

    Args:
        execution: The execution; ``KitaruClient().executions.get(exec_id)`` or ``handle.execution``.

    Examples:
        >>> Path("lineage.mmd").write_text(graph_mermaid(handle.execution))  # doctest: +SKIP
    """
    return _graph.mermaid(trace_of(execution))


def graph_dot(execution: ExecutionRecord) -> str:
    """Return an execution's lineage in DOT, the language of Graphviz. It shows what ``graph_mermaid`` shows.

    Args:
        execution: The execution; ``KitaruClient().executions.get(exec_id)`` or ``handle.execution``.

    Examples:
        >>> Path("lineage.dot").write_text(graph_dot(handle.execution))  # doctest: +SKIP
    """
    return _graph.dot(trace_of(execution))


def in_notebook(execution: ExecutionRecord) -> str:
    """Return what a notebook shows of an execution: its timeline, why it failed, what it waits for, where to look."""
    said = []
    if execution.failure is not None:
        failure = execution.failure
        kind = f"{failure.type.removeprefix('builtins.')}: " if failure.type else ""
        where = f"{failure.checkpoint}: " if failure.checkpoint else ""
        said.append(f"<pre>{printable(f'{where}{kind}{failure.message}')}</pre>")
    if execution.pending_wait is not None:
        wait = execution.pending_wait
        said.append(f"<p>waits for <b>{printable(wait.name)}</b>: {printable(wait.question or '')}</p>")
    if execution.dashboard_url:
        url = printable(execution.dashboard_url)
        said.append(f'<p><a href="{url}">{url}</a></p>')
    return f'<div style="overflow-x:auto">{timeline_svg(execution)}{"".join(said)}</div>'


def _zero(execution: ExecutionRecord, now: datetime) -> datetime:
    started = [execution.started_at, *(one.started_at for call in execution.checkpoints for one in call.attempts)]
    return min((moment for moment in started if moment is not None), default=now)


def _has_started(checkpoint: CheckpointExecution) -> bool:
    return checkpoint.started_at is not None or any(attempt.started_at for attempt in checkpoint.attempts)


def _call(checkpoint: CheckpointExecution, at: Callable[[datetime | None], float]) -> Call:
    attempts = [
        Attempt(
            at(attempt.started_at), max(at(attempt.ended_at), at(attempt.started_at)), attempt.status, attempt.error
        )
        for attempt in checkpoint.attempts
        if attempt.started_at is not None
    ]
    if not attempts:
        end = max(at(checkpoint.ended_at), at(checkpoint.started_at))
        attempts = [Attempt(at(checkpoint.started_at), end, checkpoint.status)]
    parents, after = checkpoint.parents, checkpoint.after
    return Call(checkpoint.name, checkpoint.checkpoint, checkpoint.status, tuple(attempts), parents, after)
