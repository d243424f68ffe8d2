"""The questions of executions, which are wait conditions of ZenML: reading and answering them, from any process."""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import ValidationError
from zenml.client import Client
from zenml.enums import RunWaitConditionResolution, RunWaitConditionStatus
from zenml.exceptions import IllegalOperationError
from zenml.utils.pagination_utils import depaginate
from zenml.utils.time_utils import utc_now

from kitaru._core.records.executions import PendingWait, Wait
from kitaru._core.words.answer_schema import AnswerSchema
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruStateError, KitaruWaitValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from zenml.models import RunWaitConditionResponse

# Seconds that ZenML may take to store all about a question, and between two looks at it meanwhile.
_STORING, _STORING_LOOK = 1.0, 0.02
_OUTCOMES: Mapping[RunWaitConditionResolution, Literal["answered", "aborted"]] = {
    RunWaitConditionResolution.CONTINUE: "answered",
    RunWaitConditionResolution.ABORT: "aborted",
}
# How many calls of checkpoints the body had made before it asked, in the metadata of a wait condition.
AFTER_KEY: Final = "kitaru_after"
# What tells a question from others; see kitaru._core.identity.matching.
PLACE_KEY: Final = "kitaru_place"
CONTENT_KEY: Final = "kitaru_content"
# The attempt in which it was asked.
ATTEMPT_KEY: Final = "kitaru_attempt"
OWN_KEYS: Final = frozenset({AFTER_KEY, PLACE_KEY, CONTENT_KEY, ATTEMPT_KEY})


def pending_wait(run_id: UUID) -> PendingWait | None:
    """Return the question that an execution waits for, or None."""
    condition = _pending(run_id)
    return _described(condition) if condition is not None else None


def pending_id(run_id: UUID) -> str | None:
    """Return the id of the question that an execution waits for, or None."""
    condition = _pending(run_id)
    return str(condition.id) if condition is not None else None


def conditions(run_id: UUID) -> list[RunWaitConditionResponse]:
    """Return everything that an execution has asked, the first question first."""
    entries = depaginate(Client().list_run_wait_conditions, pipeline_run=run_id, size=200, hydrate=True)
    return sorted(entries, key=lambda condition: condition.created)


def all_waits(run_id: UUID) -> list[PendingWait]:
    """Return all questions of an execution, answered or not, the first one first."""
    return [_described(condition) for condition in conditions(run_id)]


def list_waits(run_id: UUID) -> list[Wait]:
    """Return when each question of an execution was asked and answered, the first one first."""
    return [
        Wait(
            name=condition.name,
            question=condition.question,
            asked_at=condition.created.replace(tzinfo=UTC),
            answered_at=condition.resolved_at.replace(tzinfo=UTC) if condition.resolved_at else None,
            outcome=_OUTCOMES.get(condition.resolution) if condition.resolution else None,
        )
        for condition in conditions(run_id)
    ]


def answer(run_id: UUID, name: str | None, value: Any) -> PendingWait:
    """Answer the question that an execution waits for.

    Args:
        run_id: The execution.
        name: Name of the wait; None for the one that is pending.
        value: The answer as plain JSON data.

    Returns:
        The wait that was answered.

    Raises:
        KitaruWaitValidationError: The answer does not fit; the execution goes on waiting.
        KitaruStateError: It does not wait, or not for this.
    """
    condition = _named(run_id, name)
    data = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    schema = AnswerSchema(condition.data_schema or {})
    if unknown := schema.unknown(data):  # which ZenML and pydantic would drop: a slip in a name loses what was said
        slip = f"There is no field {unknown[0]!r}.{did_you_mean(unknown[0], schema.fields)}"
        raise _misfit(run_id, condition, data, slip)
    try:
        Client().resolve_run_wait_condition(condition.id, resolution=RunWaitConditionResolution.CONTINUE, result=data)
    except (ValueError, ValidationError) as error:
        raise _misfit(run_id, condition, data, str(error)) from error
    return _described(condition)


def _misfit(run_id: UUID, condition: RunWaitConditionResponse, data: Any, why: str) -> KitaruWaitValidationError:
    return KitaruWaitValidationError(
        f"The answer {data!r} does not fit wait {condition.name!r} of execution {run_id}, which takes "
        f"{AnswerSchema(condition.data_schema or {}).description}: {why.rstrip('.')}. The execution goes on waiting."
    )


def abort(run_id: UUID, name: str | None) -> PendingWait:
    """Abort the question that an execution waits for, which cancels the execution; errors as :func:`answer`."""
    condition = _named(run_id, name)
    try:
        Client().resolve_run_wait_condition(condition.id, resolution=RunWaitConditionResolution.ABORT)
    except IllegalOperationError:
        # ZenML resolves the wait first and stops the run then: its runner may see the one and do the other before that.
        resolved = Client().zen_store.get_run_wait_condition(condition.id, hydrate=True)
        if resolved.resolution != RunWaitConditionResolution.ABORT:
            raise
    return _described(condition)


def _named(run_id: UUID, name: str | None) -> RunWaitConditionResponse:
    condition = _pending(run_id)
    if condition is None:
        raise KitaruStateError(
            f"Execution {run_id} does not wait for input. Its state: kitaru executions get {run_id}."
        )
    if name is not None and name != condition.name:
        raise KitaruStateError(
            f"Execution {run_id} does not wait for {name!r}, but for {condition.name!r}{question_suffix(condition)}."
        )
    return condition


def _pending(run_id: UUID) -> RunWaitConditionResponse | None:
    """Return the open question: a new one once all about it is stored and its runner is ready for the answer."""
    deadline = time.monotonic() + _STORING
    while True:
        page = Client().list_run_wait_conditions(
            pipeline_run=run_id, status=RunWaitConditionStatus.PENDING.value, size=1, hydrate=True
        )
        if not page.items or _is_whole(page.items[0]) or time.monotonic() > deadline:
            return page.items[0] if page.items else None
        time.sleep(_STORING_LOOK)


def _is_whole(condition: RunWaitConditionResponse) -> bool:
    """Whether all about a question is stored: its metadata and its runner's lease come a moment after it.

    Those that a plain ZenML pipeline asks may have no metadata; the runner of any may be lost in that moment.
    """
    age = utc_now(tz_aware=condition.created) - condition.created
    is_stored = AFTER_KEY in condition.run_metadata and condition.last_polled_at is not None
    return is_stored or age.total_seconds() > _STORING


def _described(condition: RunWaitConditionResponse) -> PendingWait:
    return PendingWait(
        name=condition.name,
        question=condition.question,
        json_schema=condition.data_schema or {},
        metadata={name: value for name, value in condition.run_metadata.items() if name not in OWN_KEYS},
        asked_at=condition.created.replace(tzinfo=UTC),
    )


def question_suffix(condition: RunWaitConditionResponse) -> str:
    """Return a question after a colon, as messages end; nothing where it is none but a name."""
    return f": {condition.question}" if condition.question else ""
