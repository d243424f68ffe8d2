"""An execution in full, as text for people."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING

from kitaru._cli.output import clock, coloured, is_terminal, length, moment, price, shown, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kitaru._core.drawing.trace import Group
    from kitaru.models import Artifact, CheckpointExecution, Execution, ExecutionFailure, Usage

_MARGIN = 14
_ARTIFACTS, _ERRORS = 12, 3


def described(execution: Execution) -> str:
    """Return an execution as a page of text: what it is, why it is so, what it did, and what can be done next."""
    return "\n\n".join(section for section in _sections(execution) if section)


def _sections(execution: Execution) -> Iterator[str]:
    yield "\n".join(_facts(execution))
    yield _settings(execution)
    yield _block("Inputs", [f"{name} = {shown(value)}" for name, value in execution.inputs.items()])
    yield _checkpoints(execution)
    if len(execution.attempts) > 1 or any(attempt.next_at for attempt in execution.attempts):
        yield _attempts(execution)
    yield _artifacts(execution)
    yield _block("Metadata", [f"{name} = {shown(value)}" for name, value in execution.metadata.items()])
    if execution.failure is not None:
        yield _failure(execution.exec_id, execution.failure)
    if execution.pending_wait is not None:
        yield _question(execution)


def _facts(execution: Execution) -> Iterator[str]:
    took = length(execution.started_at, execution.ended_at)
    facts = {
        "Execution": execution.exec_id,
        "Flow": execution.flow_name,
        "Status": coloured(execution.status) + (f" ({execution.status_reason})" if execution.status_reason else ""),
        "Stack": execution.stack_name,
        "Name": execution.name,
        "Tags": ", ".join(execution.tags),
        "User": execution.user if execution.user != "default" else None,
        "Started": moment(execution.started_at),
        "Ended": moment(execution.ended_at),
        "Duration": took if execution.ended_at else f"{took} so far" if took else None,
        "Key": execution.idempotency_key,
        "Replays": execution.original_exec_id,
        "Model calls": used(execution.usage) if execution.usage else None,
        "Saved": used(execution.usage.saved) if execution.usage and execution.usage.saved.calls else None,
        "Changed code": ", ".join(execution.changed_code),
        "Dashboard": execution.dashboard_url,
    }
    return (f"{name:{_MARGIN}}{value}" for name, value in facts.items() if value)


def _settings(execution: Execution) -> str:
    rows = [(name, shown(setting.value), setting.layer, setting.detail) for name, setting in execution.settings.items()]
    return table(("SETTING", "VALUE", "LAYER", "FROM"), rows) if rows else ""


def _checkpoints(execution: Execution) -> str:
    """Return the tree of calls; at a terminal those of one checkpoint beside each other in one line, where they are many."""
    from kitaru._core.drawing.graph import fold
    from kitaru._core.drawing.tree import tree_lines
    from kitaru.pictures import trace_of

    known = {checkpoint.name: checkpoint for checkpoint in execution.checkpoints}
    boxes, edges = fold(trace_of(execution).calls, whole=not is_terminal())
    sources: dict[int, list[str]] = {}
    for start, end in sorted(edges):
        sources.setdefault(end, []).append(boxes[start].label)
    rows = []
    for number, before in tree_lines(len(boxes), edges):
        after = sources.get(number, [])
        members = [known[call.name] for call in boxes[number].calls]
        day = execution.started_at
        row = _call(members[0], after, day) if len(members) == 1 else _group(boxes[number], members, after, day)
        rows.append((f"{before}{row[0]}", *row[1:]))
    pending = [checkpoint for checkpoint in execution.checkpoints if checkpoint.started_at is None]
    started = {call.name for box in boxes for call in box.calls}
    rows += [_call(checkpoint, checkpoint.parents, None) for checkpoint in pending if checkpoint.name not in started]
    return table(("CHECKPOINT", "STATUS", "STARTS", "STARTED", "DURATION", "AFTER", "NOTE"), rows) if rows else ""


def _call(checkpoint: CheckpointExecution, after: Sequence[str], day: datetime | None) -> tuple[str, ...]:
    return (
        checkpoint.name,
        checkpoint.status,
        str(len(checkpoint.attempts)),
        clock(checkpoint.started_at, day),
        length(checkpoint.started_at, checkpoint.ended_at),
        # What a fold leads back to, and calls of other executions, are named by the record alone.
        ", ".join(after or checkpoint.parents),
        _next_attempt(checkpoint)
        or checkpoint.progress
        or (checkpoint.attempts[-1].error if checkpoint.attempts else None)
        or " · ".join(filter(None, _remarks(checkpoint))),
    )


def _next_attempt(checkpoint: CheckpointExecution) -> str | None:
    """Return why a call that waits for its next attempt has failed, and when that is due."""
    latest = checkpoint.attempts[-1] if checkpoint.attempts else None
    if checkpoint.status != "running" or latest is None or latest.next_at is None:
        return None
    return f"{latest.error}; {_again(latest.next_at)}"


def _again(due: datetime) -> str:
    seconds = (due - datetime.now(UTC)).total_seconds()
    return f"tried again in {max(seconds, 0):.0f} s" if seconds > 0 else f"tried again at {clock(due, due)}"


def _remarks(checkpoint: CheckpointExecution) -> Iterator[str | None]:
    yield checkpoint.replay
    yield used(checkpoint.usage) if checkpoint.usage else None
    if checkpoint.changed_inputs:
        yield f"stands for its id; given something else later: {', '.join(checkpoint.changed_inputs)}"


def used(usage: Usage) -> str:
    """Return what model calls have used in a line: ``"3 calls, 1,204 tokens in, 96 out, $0.0012"``."""
    calls = f"{usage.calls} call{'s' if usage.calls != 1 else ''}"
    return f"{calls}, {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out, {price(usage)}"


def _group(
    group: Group, members: Sequence[CheckpointExecution], after: Sequence[str], day: datetime | None
) -> tuple[str, ...]:
    starts = [checkpoint.started_at for checkpoint in members if checkpoint.started_at]
    ends = [checkpoint.ended_at for checkpoint in members if checkpoint.ended_at]
    errors = [f"{one.name}: {one.attempts[-1].error}" for one in members if one.status == "failed" and one.attempts]
    return (
        group.label,
        group.status,
        str(sum(len(checkpoint.attempts) for checkpoint in members)),
        clock(min(starts, default=None), day),
        length(min(starts, default=None), max(ends, default=None) if len(ends) == len(members) else None),
        ", ".join(after),
        " · ".join(filter(None, [group.note, *errors[:_ERRORS]])),
    )


def _artifacts(execution: Execution) -> str:
    """Return the stored values; at a terminal not more than can be looked at."""
    surplus = len(execution.artifacts) - _ARTIFACTS if is_terminal() else 0
    if surplus <= 0:
        return artifacts_table(execution.artifacts)
    more = f"... and {surplus} more: kitaru artifacts list {execution.exec_id}"
    return f"{artifacts_table(execution.artifacts[:_ARTIFACTS])}\n{more}"


def _attempts(execution: Execution) -> str:
    rows = [
        (
            str(attempt.number),
            attempt.outcome or "running",
            clock(attempt.started_at, execution.started_at),
            length(attempt.started_at, attempt.ended_at),
            "; ".join(filter(None, [attempt.error, _again(attempt.next_at) if attempt.next_at else None])),
        )
        for attempt in execution.attempts
    ]
    return table(("ATTEMPT", "OUTCOME", "STARTED", "DURATION", "ERROR"), rows)


def artifacts_table(artifacts: tuple[Artifact, ...] | list[Artifact]) -> str:
    """Return stored values as a table; their ids whole, as ``kitaru artifacts get`` wants them."""
    rows = [
        (artifact.id, artifact.name, artifact.kind, artifact.checkpoint or "", _type(artifact.type))
        for artifact in artifacts
    ]
    return table(("ARTIFACT", "NAME", "KIND", "CHECKPOINT", "TYPE"), rows) if rows else ""


def _type(path: str) -> str:
    """Return a type, at a terminal its name alone."""
    return path.rpartition(".")[2] if is_terminal() else path.removeprefix("builtins.")


def _failure(exec_id: str, failure: ExecutionFailure) -> str:
    where = f"checkpoint {failure.checkpoint!r}" if failure.checkpoint else failure.origin
    kind = f"{failure.type.removeprefix('builtins.')}: " if failure.type else ""
    lines = [f"{where}: {kind}{failure.message}"]
    if failure.traceback:
        lines += failure.traceback.rstrip().splitlines()
    if failure.surroundings:
        lines += failure.surroundings.splitlines()
    lines += ["", "When the cause is mended, go on from the last completed checkpoint:"]
    return _block("Failure", [*lines, f"kitaru executions retry {exec_id}"])


def _question(execution: Execution) -> str:
    from kitaru.answers import AnswerSchema

    wait = execution.pending_wait
    assert wait is not None
    schema = AnswerSchema(wait.json_schema)
    answer = f"kitaru executions input {execution.exec_id} --value {quote(schema.example)}"
    line = f"{wait.name}: {wait.question}" if wait.question else wait.name
    return _block("Waits for", [line, f"It takes {schema.description}, since {moment(wait.asked_at)}.", answer])


def _block(title: str, lines: list[str]) -> str:
    return "\n".join([title, textwrap.indent("\n".join(lines), "  ")]) if lines else ""
