"""An execution in full, as text for people."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from kitaru._cli.output import coloured, length, moment, shown, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.models import Artifact, CheckpointExecution, Execution, ExecutionFailure

_MARGIN = 14


def described(execution: Execution) -> str:
    """Return an execution as a page of text: what it is, why it is so, what it did, and what can be done next."""
    return "\n\n".join(section for section in _sections(execution) if section)


def _sections(execution: Execution) -> Iterator[str]:
    yield "\n".join(_facts(execution))
    yield _block("Settings", [f"{name} = {shown(s.value)}  ({s.detail})" for name, s in execution.settings.items()])
    yield _block("Inputs", [f"{name} = {shown(value)}" for name, value in execution.inputs.items()])
    yield _checkpoints(execution.checkpoints)
    if len(execution.attempts) > 1:
        yield _attempts(execution)
    yield artifacts_table(execution.artifacts)
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
        "Started": moment(execution.started_at),
        "Ended": moment(execution.ended_at),
        "Duration": took if execution.ended_at else f"{took} so far" if took else None,
        "Replays": execution.original_exec_id,
        "Changed code": ", ".join(execution.changed_code),
        "Dashboard": execution.dashboard_url,
    }
    return (f"{name:{_MARGIN}}{value}" for name, value in facts.items() if value)


def _checkpoints(checkpoints: tuple[CheckpointExecution, ...]) -> str:
    rows = [
        (
            checkpoint.name,
            checkpoint.status,
            str(len(checkpoint.attempts)),
            moment(checkpoint.started_at),
            length(checkpoint.started_at, checkpoint.ended_at),
            ", ".join(checkpoint.parents),
            checkpoint.progress or (checkpoint.attempts[-1].error or "" if checkpoint.attempts else ""),
        )
        for checkpoint in checkpoints
    ]
    return table(("CHECKPOINT", "STATUS", "STARTS", "STARTED", "DURATION", "AFTER", "NOTE"), rows) if rows else ""


def _attempts(execution: Execution) -> str:
    rows = [
        (
            str(attempt.number),
            attempt.outcome or "running",
            moment(attempt.started_at),
            length(attempt.started_at, attempt.ended_at),
            attempt.error or "",
        )
        for attempt in execution.attempts
    ]
    return table(("ATTEMPT", "OUTCOME", "STARTED", "DURATION", "ERROR"), rows)


def artifacts_table(artifacts: tuple[Artifact, ...] | list[Artifact]) -> str:
    """Return stored values as a table; their ids whole, as ``kitaru artifacts get`` wants them."""
    rows = [
        (artifact.id, artifact.name, artifact.kind, artifact.checkpoint or "", artifact.type.removeprefix("builtins."))
        for artifact in artifacts
    ]
    return table(("ARTIFACT", "NAME", "KIND", "CHECKPOINT", "TYPE"), rows) if rows else ""


def _failure(exec_id: str, failure: ExecutionFailure) -> str:
    where = f"checkpoint {failure.checkpoint!r}" if failure.checkpoint else failure.origin
    kind = f"{failure.type.removeprefix('builtins.')}: " if failure.type else ""
    lines = [f"{where}: {kind}{failure.message}"]
    if failure.traceback:
        lines += failure.traceback.rstrip().splitlines()
    lines += ["", "When the cause is mended, go on from the last completed checkpoint:"]
    return _block("Failure", [*lines, f"kitaru executions retry {exec_id}"])


def _question(execution: Execution) -> str:
    from kitaru.answers import AnswerSchema

    wait = execution.pending_wait
    assert wait is not None
    schema = AnswerSchema(wait.json_schema)
    answer = f"kitaru executions input {execution.exec_id} --value '{schema.example}'"
    asked = f"{wait.name}: {wait.question}" if wait.question else wait.name
    return _block("Waits for", [asked, f"It takes {schema.description}, since {moment(wait.asked_at)}.", answer])


def _block(title: str, lines: list[str]) -> str:
    return "\n".join([title, textwrap.indent("\n".join(lines), "  ")]) if lines else ""
