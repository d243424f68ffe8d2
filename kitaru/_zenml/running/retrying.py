"""Trying again what has failed, when its policy says so: calls of checkpoints, and the waiting of calls and flows.

ZenML tries a step again by itself, after whatever was raised, and forgets what it waits for with its process. Here each
attempt at a call is launched as one version of its step, and when the next one is due stands in the record.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from zenml.client import Client
from zenml.enums import ExecutionStatus, MetadataResourceTypes
from zenml.exceptions import RunStoppedException
from zenml.models import RunMetadataResource

from kitaru._core.policies.retry import Decision, decide
from kitaru._core.process import files
from kitaru._core.process.event import Event, Kind
from kitaru._core.words.exception_text import text_of
from kitaru._zenml.records import records
from kitaru._zenml.records.events import has_log, tell, warn
from kitaru._zenml.records.original import attempt_of
from kitaru._zenml.records.records import extra_of
from kitaru._zenml.records.tracking import write_metadata
from kitaru._zenml.running.steps import GIVEN_UP

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from uuid import UUID

    from zenml.models import StepRunResponse

    from kitaru._core.code.scope import Call
    from kitaru._core.policies.retry import Retry

# The metadata of a failed attempt at a call: when the next one is due.
NEXT_KEY: Final = "kitaru_next_attempt"
# What is recorded of an attempt at a call: how many retries there had been.
USED_KEY: Final = "used_retries"
# How often is looked, in seconds, whether an execution was cancelled whose process is not ended for it.
_LOOK: Final = 1.0
_TRIED_AGAIN: Final = (ExecutionStatus.FAILED, ExecutionStatus.RETRYING)


@dataclass(frozen=True)
class Left:
    """What a runner that was lost has left of a call.

    Attributes:
        used: How many retries there have been.
        due: When the next attempt is due; None where it is due at once.
    """

    used: int = 0
    due: datetime | None = None

    @classmethod
    def by(cls, step: StepRunResponse | None, since: int) -> Left:
        """Return what is left of a call.

        Args:
            step: The latest attempt at it; None where there is none.
            since: The attempt at the body from which on the runners go on with each other's work.
        """
        if step is None or attempt_of(step) < since:
            return cls()
        used = int(extra_of(step).get(USED_KEY, 0))
        # One that was cut off has not failed: it is made again.
        return cls(used + 1, due_of(step)) if step.status in _TRIED_AGAIN else cls(used)


def due_of(step: StepRunResponse) -> datetime | None:
    """Return when the attempt at a call that follows one is due, or was; None where none follows, or one at once."""
    due = step.run_metadata.get(NEXT_KEY)
    return datetime.fromisoformat(due) if isinstance(due, str) else None


def due_in(seconds: float) -> datetime | None:
    """Return when it is so many seconds later; None for at once."""
    return datetime.now(UTC) + timedelta(seconds=seconds) if seconds > 0 else None


def in_words(seconds: float) -> str:
    """Return when something is tried again: ``"tried again in 4 s"``."""
    return f"tried again in {seconds:.3g} s" if seconds > 0 else "tried again at once"


def wait_until(due: datetime, run_id: UUID, stopped: threading.Event) -> None:
    """Wait until something is due.

    Args:
        due: When.
        run_id: The run that it belongs to.
        stopped: Set where nobody waits for it any more.

    Raises:
        RunStoppedException: It will not be made: it was given up, or the execution was cancelled.
    """
    while (seconds := (due - datetime.now(UTC)).total_seconds()) > 0:
        if stopped.wait(min(seconds, _LOOK)):
            raise RunStoppedException(GIVEN_UP)
        if not has_log() and records.is_stopping(run_id):  # else this process is told to end
            raise RunStoppedException("the execution was cancelled")


@dataclass(frozen=True)
class Retries:
    """The attempts at one call.

    Attributes:
        run_id: The run.
        name: The call's name.
        policy: When it is tried again.
        call: The call.
        resting: Gives back the place among the calls that run, as long as nothing is done; None where it has none.
    """

    run_id: UUID
    name: str
    policy: Retry
    call: Call
    resting: Callable[[], AbstractContextManager[None]] | None

    def run(self, attempt: Callable[[int, int], StepRunResponse], left: Left, started: int) -> StepRunResponse:
        """Make attempts until one succeeds, or no other follows.

        Args:
            attempt: Makes one; it is told how many retries there have been, and how often the step was started.
            left: What an earlier runner has left of the call.
            started: How often the step was started by then.

        Raises:
            BaseException: What the last attempt raised.
        """
        used, due = left.used, left.due
        if due is not None:
            seconds = max((due - datetime.now(UTC)).total_seconds(), 0)
            text = f"checkpoint {self.name} goes on waiting, {in_words(seconds)} (retry {used} of {self.policy.times})"
            tell(Event(Kind.RETRYING, text, checkpoint=self.name, attempt=started, seconds=seconds))
        while True:
            if due is not None:
                self._wait(due)
            try:
                return attempt(used, started)
            except BaseException as error:
                decision = self._decide(error, used)
                if not decision.again:
                    raise
                step = self._latest()
                if step is not None and step.status not in _TRIED_AGAIN:
                    raise
                used, due, started = used + 1, due_in(decision.seconds), step.version if step is not None else started
                self._note(error, step, due, decision.seconds, used)

    def _decide(self, error: BaseException, used: int) -> Decision:
        if isinstance(error, RunStoppedException) or self.call.is_stopped or files.stop_requested():
            return Decision(again=False)
        decision = decide(self.policy, error, used)
        if decision.remark is not None:
            warn(f"checkpoint {self.name} failed ({_raised(error)}): {decision.remark}")
        return decision

    def _latest(self) -> StepRunResponse | None:
        steps = Client().list_run_steps(pipeline_run_id=self.run_id, name=self.name, exclude_retried=True, size=1).items
        return steps[0] if steps else None

    def _note(
        self, error: BaseException, step: StepRunResponse | None, due: datetime | None, seconds: float, used: int
    ) -> None:
        """Record when the next attempt is due, and tell it."""
        if step is not None and due is not None:
            resource = RunMetadataResource(id=step.id, type=MetadataResourceTypes.STEP_RUN)
            write_metadata(resource, {NEXT_KEY: due.isoformat()}, inherited=False)
        raised = _raised(error)
        text = f"checkpoint {self.name} failed ({raised}), {in_words(seconds)} (retry {used} of {self.policy.times})"
        number = step.version if step is not None else None
        tell(Event(Kind.RETRYING, text, checkpoint=self.name, attempt=number, seconds=seconds, error=raised))

    def _wait(self, due: datetime) -> None:
        self.call.has_begun.set()  # earlier attempts stand in the record
        with self.resting() if self.resting is not None else nullcontext():
            wait_until(due, self.run_id, self.call.stopped)


def _raised(error: BaseException) -> str:
    text: Any = text_of(error)
    return " ".join(f"{type(error).__name__}: {text}".splitlines())
