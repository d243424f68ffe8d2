"""Comparing two executions: calls by name, values by what they are."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from zenml.client import Client

from kitaru._core.comparing.differences import CheckpointDiff, ExecutionDiff, ValueDiff
from kitaru._core.comparing.diffing import brief, compare
from kitaru._core.records.executions import ExecutionSummary
from kitaru._zenml.door.store import translated
from kitaru._zenml.reading.artifacts import load_value
from kitaru._zenml.reading.executions import read_execution
from kitaru._zenml.reading.flow_source import flow_of
from kitaru._zenml.records import records
from kitaru._zenml.records.runs import find_run
from kitaru._zenml.running.inputs import ARTIFACT_KEY
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zenml.models import PipelineRunResponse

    from kitaru._core.drawing.execution import Execution
    from kitaru._core.records.executions import Artifact, CheckpointExecution

_MISSING: Any = object()


class _Side:
    """One of the two executions."""

    def __init__(self, exec_id: str) -> None:
        self.run = find_run(exec_id)
        self.execution = read_execution(str(self.run.id))
        self.checkpoints = {checkpoint.name: checkpoint for checkpoint in self.execution.checkpoints}

    def artifacts(self, checkpoint: str | None) -> dict[str, str]:
        """Return the ids of the values that a call, or the flow's body, has returned or saved."""
        kinds = ("output", "saved") if checkpoint is not None else ("saved",)
        return {
            _label(artifact): artifact.id
            for artifact in self.execution.artifacts
            if artifact.checkpoint == checkpoint and artifact.kind in kinds
        }

    def result(self) -> Any:
        """Return the id of the result's artifact; None for a result of None."""
        return records.result_of(self.run) if self.execution.status.is_successful else _MISSING


def read_diff(a: str, b: str) -> ExecutionDiff:
    """Return what is different between two executions.

    Raises:
        KitaruUsageError: One of them does not exist.
    """
    one, other = _Side(a), _Side(b)
    for side in (one, other):
        with suppress(KitaruError):  # so that values of its classes can be loaded; without it they are told as unknown
            flow_of(side.run)
    with translated(f"comparing executions {a} and {b}"):
        names = dict.fromkeys([*one.checkpoints, *other.checkpoints])
        return ExecutionDiff(
            a=_summary(one.execution),
            b=_summary(other.execution),
            inputs=_inputs(one.run, other.run),
            checkpoints=tuple(_checkpoint(name, one, other) for name in names),
            values=_stored(one.artifacts(None), other.artifacts(None)),
            metadata=_plain(one.execution.metadata, other.execution.metadata),
            result=_result(one.result(), other.result()),
            failure_a=_failure(one.execution),
            failure_b=_failure(other.execution),
            changed_code=other.execution.changed_code,
        )


def _summary(execution: Execution) -> ExecutionSummary:
    return ExecutionSummary(**{name: getattr(execution, name) for name in ExecutionSummary.model_fields})


def _label(artifact: Artifact) -> str:
    return artifact.name if artifact.kind == "output" else f"saved {artifact.name}"


def _failure(execution: Execution) -> str | None:
    failure = execution.failure
    if failure is None:
        return None
    where = failure.checkpoint or failure.origin
    return f"{where}: {f'{failure.type}: ' if failure.type else ''}{failure.message}"


def _checkpoint(name: str, one: _Side, other: _Side) -> CheckpointDiff:
    a, b = one.checkpoints.get(name), other.checkpoints.get(name)
    known = a or b
    assert known is not None
    return CheckpointDiff(
        name=name,
        checkpoint=known.checkpoint,
        status_a=a.status if a else None,
        status_b=b.status if b else None,
        seconds_a=_seconds(a),
        seconds_b=_seconds(b),
        replay=b.replay if b else None,
        values=_stored(one.artifacts(name), other.artifacts(name)),
        metadata=_plain(a.metadata if a else {}, b.metadata if b else {}),
    )


def _seconds(checkpoint: CheckpointExecution | None) -> float | None:
    return checkpoint.duration.total_seconds() if checkpoint is not None and checkpoint.duration is not None else None


# -- values -----------------------------------------------------------------------------------------------------------


def _stored(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[ValueDiff, ...]:
    names = dict.fromkeys([*one, *other])
    return tuple(_stored_value(name, one.get(name, _MISSING), other.get(name, _MISSING)) for name in names)


def _result(one: Any, other: Any) -> ValueDiff | None:
    return None if one is _MISSING and other is _MISSING else _stored_value("result", one, other, shown=True)


def _stored_value(name: str, one: Any, other: Any, *, shown: bool = False) -> ValueDiff:
    """Compare two artifacts: by id and contents as the store knows them, and by value where those differ."""
    if not shown and _MISSING not in (one, other) and _is_known_equal(one, other):
        return ValueDiff(name=name, change="equal")
    try:
        a, b = _loaded(one), _loaded(other)
    except KitaruError as error:
        equal = one is not _MISSING and other is not _MISSING and _is_known_equal(one, other)
        return ValueDiff(name=name, change="equal" if equal else "unknown", lines=() if equal else (str(error),))
    return _value(name, a, b)


def _is_known_equal(one: str | None, other: str | None) -> bool:
    if one == other:
        return True
    if one is None or other is None:
        return False
    a, b = (Client().get_artifact_version(UUID(known)) for known in (one, other))
    return bool(a.content_hash) and a.content_hash == b.content_hash and a.data_type == b.data_type


def _loaded(artifact: Any) -> Any:
    return artifact if artifact is _MISSING or artifact is None else load_value(artifact)


def _value(name: str, one: Any, other: Any) -> ValueDiff:
    if one is _MISSING:
        return ValueDiff(name=name, change="only_b", b=brief(other))
    if other is _MISSING:
        return ValueDiff(name=name, change="only_a", a=brief(one))
    difference = compare(one, other)
    if difference is None:
        return ValueDiff(name=name, change="equal", a=brief(one), b=brief(other))
    return ValueDiff(
        name=name, change="changed", kind=difference.kind, a=brief(one), b=brief(other), lines=difference.lines
    )


def _plain(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[ValueDiff, ...]:
    names: Iterable[str] = dict.fromkeys([*one, *other])
    return tuple(_value(name, one.get(name, _MISSING), other.get(name, _MISSING)) for name in names)


def _inputs(one: PipelineRunResponse, other: PipelineRunResponse) -> tuple[ValueDiff, ...]:
    a, b = one.config.parameters or {}, other.config.parameters or {}
    return tuple(_input(name, a.get(name, _MISSING), b.get(name, _MISSING)) for name in dict.fromkeys([*a, *b]))


def _input(name: str, one: Any, other: Any) -> ValueDiff:
    stored = [_reference(value) for value in (one, other)]
    if stored == [None, None]:
        return _value(name, one, other)
    if None not in stored:
        return _stored_value(name, *stored)
    try:
        values = [value if ref is None else load_value(ref) for value, ref in zip((one, other), stored, strict=True)]
    except KitaruError as error:
        return ValueDiff(name=name, change="unknown", lines=(str(error),))
    return _value(name, *values)


def _reference(value: Any) -> str | None:
    return str(value[ARTIFACT_KEY]) if isinstance(value, dict) and ARTIFACT_KEY in value else None
