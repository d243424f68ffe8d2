"""A wait of a running flow: the question, and looking for its answer.

The question is a wait condition of ZenML. While the runner polls it, it holds a lease; when the time it is ready to
poll is over, it gives the lease up, which pauses the run, and ends. An answer to a paused run starts a runner anew.
"""

from __future__ import annotations

import asyncio
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
from zenml.models import RunMetadataResource, RunWaitConditionLeaseUpdate, RunWaitConditionRequest
from zenml.utils.pydantic_utils import get_json_schema_for_type
from zenml.utils.time_utils import utc_now

from kitaru._core.unset import UNSET
from kitaru._zenml.events import say
from kitaru._zenml.waits import asked
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zenml.models import PipelineRunResponse

# Seconds between two looks for an answer, and how long a lease is good for: the runner may be slow, not dead.
_LOOK = 0.2
_LEASE = 30.0


class PauseRequested(BaseException):
    """Nobody answered in time: the run pauses and its runner ends."""


class WaitAborted(BaseException):
    """The wait was aborted: the execution is cancelled."""


class Question:
    """One wait of a running flow."""

    def __init__(
        self,
        run: PipelineRunResponse,
        name: str,
        schema: Any,
        *,
        question: str | None,
        timeout: float,
        metadata: Mapping[str, Any] | None,
        busy: Callable[[], bool],
        given: Any = UNSET,
    ) -> None:
        """Create the question in ZenML, or find the one of an earlier attempt.

        Args:
            run: The run.
            name: Name of the wait in the execution.
            schema: Type of the answer.
            question: What people are asked.
            timeout: Seconds to poll before the run is paused.
            metadata: More about the question, as plain JSON.
            busy: Whether checkpoints are still running, so that the runner cannot end.
            given: The answer, where a replay has one ahead.
        """
        self._schema = schema
        self._timeout = timeout
        self._busy = busy
        self._poller = str(run.orchestrator_run_id or run.id)
        self._leased_until = 0.0
        told = dict(metadata or {})
        self._condition = Client().zen_store.create_run_wait_condition(
            RunWaitConditionRequest(
                project=run.project_id,
                run=run.id,
                name=name,
                type=RunWaitConditionType.EXTERNAL_INPUT,
                question=question,
                metadata=told,
                data_schema=_json_schema(schema),
            )
        )
        if told and not self._condition.run_metadata:  # a runner was lost before ZenML had stored it
            resource = RunMetadataResource(id=self._condition.id, type=MetadataResourceTypes.WAIT_CONDITION)
            Client().create_run_metadata(metadata=told, resources=[resource])
        if self._condition.status == RunWaitConditionStatus.PENDING:
            # ZenML pauses a run whose question is answered while nobody holds a lease: it takes the runner for gone.
            self._keep_lease()
            if given is not UNSET:
                self._resolve(given)

    def _resolve(self, given: Any) -> None:
        """Answer the question with what is known ahead; where that does not fit, it is asked."""
        try:
            TypeAdapter(self._schema).validate_python(given)
            Client().resolve_run_wait_condition(
                self._condition.id, resolution=RunWaitConditionResolution.CONTINUE, result=given
            )
        except (ValueError, ValidationError) as error:
            say(f"the answer {given!r} that was given ahead does not fit {self._condition.name!r}: {error}")
        self._is_resolved()

    def ask(self) -> Any:
        """Wait for the answer and return it, as the type asked for."""
        for pause in self._looks():
            time.sleep(pause)
        return self._answer()

    async def ask_async(self) -> Any:
        """Wait for the answer without blocking the event loop."""
        for pause in self._looks():
            await asyncio.sleep(pause)
        return self._answer()

    def _looks(self) -> Iterator[float]:
        """Yield the pause before each further look, until there is an answer; end in a pause of the run."""
        if self._condition.status != RunWaitConditionStatus.PENDING:
            return
        say(f"waiting for input {self._condition.name!r}{asked(self._condition)}")
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline or self._busy():
            self._keep_lease()
            if self._is_resolved():
                return
            yield min(_LOOK, max(deadline - time.monotonic(), 0.01))
        # The store decides whether an answer came before the lease was given up.
        if self._lease(RunWaitConditionLeaseMode.FINALIZE, 0) != RunWaitConditionStatus.PENDING:
            self._is_resolved()
            return
        say(
            f"no answer to {self._condition.name!r} within {self._timeout:g} s: pausing, an answer starts the flow again"
        )
        raise PauseRequested

    def _keep_lease(self) -> None:
        if time.monotonic() > self._leased_until - _LEASE / 2:
            self._lease(RunWaitConditionLeaseMode.REFRESH, _LEASE)
            self._leased_until = time.monotonic() + _LEASE

    def _lease(self, mode: RunWaitConditionLeaseMode, seconds: float) -> RunWaitConditionStatus:
        return Client().zen_store.update_run_wait_condition_lease(
            run_wait_condition_id=self._condition.id,
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
        return TypeAdapter(self._schema).validate_python(self._condition.result)


def _json_schema(schema: Any) -> dict[str, Any]:
    try:
        return get_json_schema_for_type(schema)
    except Exception as error:
        raise KitaruUsageError(
            f"kitaru.wait(schema={schema!r}): this is no type that JSON can express ({error}). Use bool, str, int, "
            f"float, a Literal, a list or dict of such, a dataclass or a pydantic model."
        ) from error
