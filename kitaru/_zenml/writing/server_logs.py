"""One log for each step on a server, sent with the step.

ZenML has its launcher and its runner of steps each send a log, in two requests of their own. Here the launcher makes the
one that both write to, the request for the step takes it along, and the runner finds it among the logs of its step.
"""

from __future__ import annotations

import logging
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from zenml.client import Client
from zenml.models import LogsResponse
from zenml.models.v2.core.logs import LogsResponseBody
from zenml.utils.logging_utils import LoggingContext, generate_logs_request, setup_logging_context
from zenml.utils.time_utils import utc_now
from zenml.zen_stores.rest_zen_store import RestZenStore

from kitaru._zenml.door.private import send_steps_by
from kitaru._zenml.records.versions import Kept
from kitaru._zenml.writing.logs import RUNNER, runs_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from zenml.models import LogsRequest, StepRunRequest, StepRunResponse


class _StepLog(LoggingContext):
    """What a launcher writes to a step's log: all that happens before the step has begun.

    After that its runner's lines are what there is to tell. Where the step runs elsewhere, what goes wrong with that; where it
    runs here, nothing: the launcher would say once more that it has failed.
    """

    def __init__(self, request: LogsRequest) -> None:
        super().__init__(name=str(request.id), log_model=_as_told(request))
        self.request = request
        self.least = logging.NOTSET

    def emit(self, record: logging.LogRecord, metadata: dict[str, Any] | None = None) -> None:
        if record.levelno >= self.least:
            super().emit(record, metadata)


# A level that no record has.
_NOTHING: Final = logging.CRITICAL + 1
# Logs of steps that have not begun: as many as threads.
_waiting: Kept[_StepLog] = Kept(100_000)


def replace_requests() -> None:
    """Have ZenML send the log of a step with the step; doing so again changes nothing."""
    send_steps_by(_with_log, _log_for)


def _log_for(source: str) -> LoggingContext:
    """Return where a launcher writes to; its ``setup_logging_context``."""
    if not isinstance(Client().zen_store, RestZenStore):
        return setup_logging_context(source=source)
    log = _StepLog(generate_logs_request(source=RUNNER))
    _waiting.put(log.request.id, log)
    return log


def _with_log(own: Callable[..., Any]) -> Callable[..., Any]:
    if hasattr(own, "__wrapped__"):
        return own

    @wraps(own)
    def create_run_step(store: Any, step_run: StepRunRequest) -> StepRunResponse:
        log = _waiting.take(step_run.logs) if isinstance(step_run.logs, UUID) else None
        if log is None:
            return own(store, step_run)  # type: ignore[no-any-return]
        response: StepRunResponse = own(store, step_run.model_copy(update={"logs": log.request}))
        is_told = response.status.is_successful or runs_here(step_run)
        log.least = _NOTHING if is_told else logging.WARNING
        return response

    return create_run_step


def _as_told(log: LogsRequest) -> LogsResponse:
    """Return what a server would tell of a log."""
    now = utc_now()
    body = LogsResponseBody(
        uri=log.uri,
        source=log.source,
        created=now,
        updated=now,
        project_id=cast("UUID", log.project),
        user_id=None,
        artifact_store_id=log.artifact_store_id,
        log_store_id=log.log_store_id,
    )
    return LogsResponse(id=log.id, body=body)
