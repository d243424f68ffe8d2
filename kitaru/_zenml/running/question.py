"""A wait of a running flow: the question, and looking for its answer.

The question is a wait condition of ZenML. While the runner polls it, it holds a lease; when the time it is ready to
poll is over, it gives the lease up, which pauses the run, and ends. An answer to a paused run starts a runner anew.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from zenml.client import Client
from zenml.enums import (
    MetadataResourceTypes,
    RunWaitConditionLeaseMode,
    RunWaitConditionResolution,
    RunWaitConditionStatus,
    RunWaitConditionType,
)
from zenml.exceptions import IllegalOperationError
from zenml.models import RunMetadataResource, RunWaitConditionLeaseUpdate, RunWaitConditionRequest
from zenml.utils.time_utils import utc_now

from kitaru._core.code.event_loop import BodyLeft
from kitaru._core.process import crash_points
from kitaru._core.process.event import Event, Kind
from kitaru._core.settings.unset import UNSET
from kitaru._zenml.records.events import tell
from kitaru._zenml.records.waits import question_suffix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zenml.models import PipelineRunResponse, RunWaitConditionResponse

    from kitaru._zenml.running.question_record import Content, QuestionRecord

# Seconds between two looks for an answer, and how long a lease is good for: the runner may be slow, not dead.
_LOOK = 0.2
_LEASE = 30.0
# So many refusals in a row, with no other question open when one looks, are not about another question.
_REFUSALS = 3


class PauseRequested(BodyLeft):
    """Nobody answered in time: the run pauses and its runner ends."""


class WaitAborted(BodyLeft):
    """The wait was aborted: the execution is cancelled."""


class Question:
    """One wait of a running flow."""

    def __init__(
        self,
        run: PipelineRunResponse,
        name: str,
        schema: Any,
        content: Content,
        *,
        question: str | None,
        timeout: float,
        own: Mapping[str, Any],
        busy: Callable[[], bool],
        check: Callable[[], None],
        record: QuestionRecord,
        asked: Callable[[str, str], None],
    ) -> None:
        """Create the question, which is not asked yet.

        Args:
            run: The run.
            name: Name of the wait in the execution.
            schema: Type of the answer.
            content: That type as JSON schema, and more about the question, as plain JSON.
            question: What people are asked; of a recorded question the recorded text stands.
            timeout: Seconds to poll before the run is paused.
            own: What Kitaru records with it to find it again.
            busy: Whether checkpoints are still running, so that the runner cannot end.
            check: Raises what has ended the body meanwhile.
            record: What has been asked so far.
            asked: Told the execution and the question, as ids, once it waits for the answer.
        """
        self.name = name
        self._run = run
        self._schema = schema
        self._content = content
        self._question = question
        self._timeout = timeout
        self._metadata = {**content.metadata, **own}
        self._busy = busy
        self._check = check
        self._record = record
        self._asked = asked
        self._poller = str(run.orchestrator_run_id or run.id)
        self._leased_until = 0.0
        self._refusals = 0
        self._known = record.condition(name)

    def _opened(self) -> Iterator[float]:
        """Create the question in ZenML, or take the recorded one; yield the pause before each further try.

        ZenML takes one open question a run: those of concurrent tasks queue up. One that an earlier attempt has left
        open, and that nobody asks now, is waited for as if it were this one.
        """
        deadline: float | None = None
        while self._known is None:
            with self._record.opening:
                self._known = self._created()
            if self._known is not None:
                break
            other = _open_question(self._run)
            if other is None or other.name in self._record.polled:
                deadline = None
            else:
                deadline = time.monotonic() + self._timeout if deadline is None else deadline
                self._keep_lease(other)
                if time.monotonic() >= deadline and not self._busy():
                    self._pause(other)
            yield _LOOK
            self._check()
        self._condition = self._known
        if not self._condition.run_metadata:  # a runner was lost before ZenML had stored it
            resource = RunMetadataResource(id=self._condition.id, type=MetadataResourceTypes.WAIT_CONDITION)
            Client().create_run_metadata(metadata=self._metadata, resources=[resource])
        if self._condition.status == RunWaitConditionStatus.PENDING:
            # ZenML pauses a run whose question is answered while nobody holds a lease: it takes the runner for gone.
            self._keep_lease(self._condition)
            ahead = self._record.answer_ahead(self.name)
            if ahead is not UNSET:
                self._resolve(ahead)
            else:
                self._is_resolved()

    def _created(self) -> RunWaitConditionResponse | None:
        """Create it; None while another question is open."""
        try:
            return Client().zen_store.create_run_wait_condition(
                RunWaitConditionRequest(
                    project=self._run.project_id,
                    run=self._run.id,
                    name=self.name,
                    type=RunWaitConditionType.EXTERNAL_INPUT,
                    question=self._question,
                    metadata=self._metadata,
                    data_schema=self._content.schema,
                )
            )
        except IllegalOperationError:
            crash_points.reach("worker, question refused")
            is_open = _open_question(self._run) is not None  # else it may have been answered just now
            self._refusals = 0 if is_open else self._refusals + 1
            if self._refusals == _REFUSALS:
                raise
            return None

    def _resolve(self, answer: Any) -> None:
        """Answer the question with what is known ahead; where that does not fit, it is asked."""
        try:
            _typed(self._schema, answer)
            Client().resolve_run_wait_condition(
                self._condition.id, resolution=RunWaitConditionResolution.CONTINUE, result=answer
            )
        except (TypeError, ValueError, ValidationError) as error:
            text = f"the answer {answer!r} that was given ahead does not fit {self._condition.name!r}: {error}"
            tell(Event(Kind.WARNING, text, wait=self._condition.name, message=text))
        self._is_resolved()

    def ask(self) -> Any:
        """Wait for the answer and return it, as the type asked for."""
        for pause in self._looks(beside_others=False):
            time.sleep(pause)
        return self._answer()

    async def ask_async(self) -> Any:
        """Wait for the answer without blocking the event loop."""
        for pause in self._looks(beside_others=True):
            await asyncio.sleep(pause)
        return self._answer()

    def _looks(self, *, beside_others: bool) -> Iterator[float]:
        """Yield the pause before each further look, until there is an answer; end in a pause of the run.

        Args:
            beside_others: Whether other tasks of the body go on meanwhile: they get time to start what they can.
        """
        self._record.polled.add(self.name)
        try:
            yield from self._opened()
            yield from self._until_answered(beside_others=beside_others)
        finally:
            self._record.polled.discard(self.name)

    def _until_answered(self, *, beside_others: bool) -> Iterator[float]:
        if self._condition.status != RunWaitConditionStatus.PENDING:
            return
        text = f"waiting for input {self._condition.name!r}{question_suffix(self._condition)}"
        tell(Event(Kind.WAITING, text, wait=self._condition.name, message=self._condition.question))
        self._asked(str(self._run.id), str(self._condition.id))
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline or self._busy() or beside_others:
            beside_others = False
            self._keep_lease(self._condition)
            if self._is_resolved():
                return
            yield min(_LOOK, max(deadline - time.monotonic(), 0.01))
            self._check()
        self._pause(self._condition)
        self._is_resolved()

    def _pause(self, condition: RunWaitConditionResponse) -> None:
        """Give up the lease and end in a pause; return where an answer came before that, as the store decides."""
        if self._lease(condition, RunWaitConditionLeaseMode.FINALIZE, 0) == RunWaitConditionStatus.PENDING:
            text = (
                f"no answer to {condition.name!r} within {self._timeout:g} s: pausing, an answer starts the flow again"
            )
            tell(Event(Kind.PAUSING, text, wait=condition.name, seconds=self._timeout))
            raise PauseRequested

    def _keep_lease(self, condition: RunWaitConditionResponse) -> None:
        if time.monotonic() > self._leased_until - _LEASE / 2:
            self._lease(condition, RunWaitConditionLeaseMode.REFRESH, _LEASE)
            self._leased_until = time.monotonic() + _LEASE

    def _lease(
        self, condition: RunWaitConditionResponse, mode: RunWaitConditionLeaseMode, seconds: float
    ) -> RunWaitConditionStatus:
        return Client().zen_store.update_run_wait_condition_lease(
            run_wait_condition_id=condition.id,
            lease_update=RunWaitConditionLeaseUpdate(
                poller_instance_id=self._poller,
                poller_lease_expires_at=utc_now() + timedelta(seconds=seconds),
                mode=mode,
            ),
        )

    def _is_resolved(self) -> bool:
        condition = Client().zen_store.get_run_wait_condition(self._condition.id, hydrate=True)
        self._condition = condition
        return condition.status != RunWaitConditionStatus.PENDING

    def _answer(self) -> Any:
        if self._condition.resolution == RunWaitConditionResolution.ABORT:
            raise WaitAborted(f"the wait {self._condition.name!r} was aborted")
        return _typed(self._schema, self._condition.result)


def _typed(schema: Any, answer: Any) -> Any:
    """Return an answer as the type asked for: it is JSON, in which a strict model takes a date or an enum as text."""
    return TypeAdapter(schema).validate_json(json.dumps(answer))


def _open_question(run: PipelineRunResponse) -> RunWaitConditionResponse | None:
    open_ones = Client().list_run_wait_conditions(
        pipeline_run=run.id, status=RunWaitConditionStatus.PENDING.value, size=1
    )
    return open_ones.items[0] if open_ones.items else None
