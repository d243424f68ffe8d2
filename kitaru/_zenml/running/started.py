"""Calls that a body has started beside itself, and what becomes of those that still run when it has ended."""

from __future__ import annotations

import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from zenml.execution.pipeline.dynamic.outputs import BaseStepFuture, MapResultsFuture

from kitaru._core.code.futures import CheckpointFuture, whole_of
from kitaru._core.code.scope import PROCESS, THREAD
from kitaru._core.code.structure import leaves
from kitaru._core.process.event import Event, Kind
from kitaru._core.settings.environment import cancel_grace
from kitaru._zenml.records import records
from kitaru._zenml.records.events import CANCELLED, tell
from kitaru._zenml.running.inputs import WALKED
from kitaru._zenml.running.outcomes import Outcome
from kitaru._zenml.running.steps import GIVEN_UP
from kitaru._zenml.running.time_limits import left_behind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from kitaru._core.code.scope import Call

_LOOK_SECONDS: Final = 0.1
# How long it takes at most that a process ends which has had its time to clean up, and is killed.
_KILL_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Started:
    """A call that was started in a thread."""

    call: Call
    future: CheckpointFuture[Any]

    @property
    def name(self) -> str:
        """Its name in the execution."""
        return self.future.name

    @property
    def outcome(self) -> Future[Outcome]:
        """What it will have left."""
        future = self.future
        return future._future  # noqa: SLF001 - the future's other half

    @property
    def is_given_up(self) -> bool:
        """Whether somebody has waited for it, and does no more."""
        future = self.future
        return future._given_up  # noqa: SLF001 - the future's other half

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.outcome.done()

    def again(self) -> Future[Outcome]:
        """Return its outcome for the body of a later attempt, which reads the value anew."""
        later: Future[Outcome] = Future()

        def hand_over(done: Future[Outcome]) -> None:
            error = done.exception()
            if error is not None:
                later.set_exception(error)
            else:
                later.set_result(Outcome.of(done.result().step_run))

        self.outcome.add_done_callback(hand_over)
        return later


def wanted_of(started: Mapping[int, Started]) -> set[int]:
    """Return the numbers of the calls that somebody may still want the outcome of.

    It is not wanted where the body has given it up, nor where only calls that are not wanted have been given it.

    Args:
        started: The calls by number, in the order in which they were started.
    """
    wanted = set()
    needed: dict[int, bool] = {}
    for number in sorted(started, reverse=True):
        future = started[number].future
        is_wanted = not started[number].is_given_up and needed.get(id(future), True)
        if is_wanted:
            wanted.add(number)
        for need in future._needs:  # noqa: SLF001 - the same
            needed[id(need)] = needed.get(id(need), False) or is_wanted
    return wanted


def needed_by(
    before: Iterable[Any], arguments: Mapping[str, Any], started: Iterable[Started]
) -> list[CheckpointFuture[Any]]:
    """Return the futures that a call waits for before it can run.

    Args:
        before: Futures of what it comes after.
        arguments: What it is given, by parameter.
        started: The calls that still run.
    """
    parts = [*before, *leaves(dict(arguments), WALKED)]
    steps: list[Any] = []
    for part in parts:
        steps += part.futures if isinstance(part, MapResultsFuture) else [part]
    names = {step.invocation_id for step in steps if isinstance(step, BaseStepFuture)}
    needed = [one.future for one in started if one.name in names] if names else []
    return [*needed, *(whole_of(part) for part in parts if isinstance(part, CheckpointFuture))]


def wait_until_recorded(run_id: UUID, started: Iterable[Started]) -> None:
    """Wait until the record has calls that have been started.

    Args:
        run_id: The run.
        started: The calls.
    """
    for one in started:
        one.outcome.add_done_callback(lambda _, one=one: one.call.has_begun.set())  # type: ignore[misc]
        # Plain steps, and what runs in a container of its own, do not tell when they begin.
        while not one.call.has_begun.wait(_LOOK_SECONDS) and not records.open_steps(run_id, one.name):
            pass


def let_go(run_id: UUID, started: Iterable[Started]) -> None:
    """End calls that nobody waits for: async ones are cancelled, the threads of others are left behind.

    Args:
        run_id: The run.
        started: The calls; those that have ended are left as they are.
    """
    going_on = [one for one in started if not one.is_done]
    if not going_on:
        return
    deadline = time.monotonic() + cancel_grace()
    places = [(one, one.call.stop()) for one in going_on]
    for one, place in places:
        if place != THREAD:
            killing = _KILL_SECONDS if place == PROCESS else 0
            wait_for([one.outcome], max(deadline + killing - time.monotonic(), 0))
        if not one.is_done:
            _leave(run_id, one)


def _leave(run_id: UUID, one: Started) -> None:
    """Leave a call running, and record that nobody will have what it returns."""
    end = partial(records.end_call, run_id, one.name, GIVEN_UP)
    if one.call.leave(end) or (not one.call.has_begun.is_set() and end()):
        left_behind.append(one.name)
        text = f"checkpoint {one.name} cancelled: {GIVEN_UP}. Its thread cannot be stopped, and is left behind"
        tell(Event(Kind.ENDED, text, checkpoint=one.name, status=CANCELLED))
    elif one.call.has_begun.is_set():  # its function has ended: what that returned is being stored
        wait_for([one.outcome])
    else:
        text = f"checkpoint {one.name} goes on in a container of its own: {GIVEN_UP}"
        tell(Event(Kind.WARNING, text, checkpoint=one.name, message=text))
