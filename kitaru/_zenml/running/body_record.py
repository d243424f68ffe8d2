"""The record that a body goes by: what has ended in an execution, and whether the body still follows it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from zenml.constants import CODE_HASH_PARAMETER_NAME

from kitaru._core.code.named import Scope
from kitaru._core.identity.digests import digest
from kitaru._core.identity.matching import NOW, Call, Calls, Mismatch, Place, Recency, Recorded, State
from kitaru._zenml.records.original import attempt_of, index_of
from kitaru._zenml.records.records import OPEN_STEPS, extra_of
from kitaru._zenml.running.divergence import Divergences
from kitaru._zenml.running.identity import NO_DIGEST, code_of, named_inputs, recorded_arguments
from kitaru._zenml.running.outcomes import RAISED_KEY
from kitaru._zenml.running.retrying import Left

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Mapping

    from zenml.models import StepRunResponse

    from kitaru._zenml.records.original import Original
    from kitaru.errors import KitaruDivergenceError


class Record:
    """What earlier attempts at a body, and the execution that it replays, have left in the store."""

    def __init__(
        self,
        exec_id: str,
        steps: Mapping[str, StepRunResponse],
        original: Original | None = None,
        *,
        since: int = 1,
        running: Collection[str] = (),
    ) -> None:
        """Create the record.

        Args:
            exec_id: The execution.
            steps: The latest step run of each name.
            original: What the execution replays, where it does.
            since: The attempt from which on failures are outcomes of their calls: what failed before is tried again.
            running: Names of the calls that an earlier attempt has started, and that go on in this process.
        """
        self.exec_id = exec_id
        self._steps = dict(steps)
        self._original = original
        self._since = since
        self._running = frozenset(running)
        self._known = {**(original.steps if original is not None else {}), **steps}
        self._calls = Calls(map(self._recorded, self._known.values()), self._same_values)
        self.changed: set[str] = set()
        self.divergences = Divergences(exec_id, self.replay_of)

    def take(self, call: Call) -> Recorded | None:
        """Return the recorded call that one is; None where it is new. What a replay takes becomes a step of its own.

        Raises:
            KitaruDivergenceError: The body does not do what the record says.
        """
        try:
            match = self._calls.take(call)
        except Mismatch as mismatch:
            raise self.divergences.of_call(mismatch, self._known[mismatch.recorded.name]) from None
        if match is None and self._original is not None:
            self._original.check_there(self._steps)
        if match is not None and match.state is State.COMPLETED:
            self._complete(match, call)
            if _recorded_code(self._steps[match.name]) != code_of(call.called):
                self.changed.add(call.checkpoint)
        return match

    def _complete(self, match: Recorded, call: Call) -> None:
        step = self._steps.get(match.name)
        if self._original is not None:
            step = self._original.take(match.name, _made(call)) if step is None else self._original.with_outputs(step)
            assert step is not None
            self._steps[match.name] = step

    def step(self, name: str) -> StepRunResponse:
        """Return the step run of a recorded call that was taken."""
        return self._steps[name]

    def left_out(self, news: Recency) -> KitaruDivergenceError | None:
        """Return the error for the first recorded outcome that the body, which has ended, did not ask for.

        Args:
            news: The most recent outcome that it was given; it may leave what was recorded before that.
        """
        recorded = self._calls.owed() or self._calls.left_out(news)
        return None if recorded is None else self.divergences.left_out(recorded)

    def has_keyed(self, stem: str, key: str) -> bool:
        """Whether a call that a key tells apart is recorded, taken or not."""
        return any(known.key == (stem, key) for known in self._calls.recorded)

    def recency(self, match: Recorded | None) -> Recency:
        """Return when the outcome of a call came about: what was recorded before that was recorded without it."""
        return NOW if match is None or match.state in (State.AGAIN, State.RUNNING) else match.recency

    @property
    def names(self) -> frozenset[str]:
        """Names of recorded calls and scopes: no new one may have them."""
        return self._calls.names | {scope.name for scope in self._scopes}

    def scope_of(self, base: str, key: str, lane: str, taken: Container[str]) -> str | None:
        """Return the recorded name of a scope that a key tells apart, or None.

        Args:
            base: What it is called.
            key: The key.
            lane: Path of the lane that opens it; where several have the same key, its own comes first.
            taken: Names that other scopes of this attempt have.
        """
        known = [s for s in self._scopes if (s.base, s.key) == (base, key) and s.name not in taken]
        return min(known, key=lambda scope: scope.lane != lane).name if known else None

    @cached_property
    def _scopes(self) -> list[Scope]:
        ordered = sorted(self._known.values(), key=lambda step: (index_of(step), step.name))
        recorded = (extra_of(step).get("scope") for step in ordered)
        return list(dict.fromkeys(Scope(**scope) for scope in recorded if scope))

    @property
    def steps(self) -> list[StepRunResponse]:
        """The recorded calls, those among them that were taken from an original."""
        return list(self._steps.values())

    @property
    def has_cut_off(self) -> bool:
        """Whether an earlier runner was lost in the middle of a call."""
        return any(step.status in OPEN_STEPS for step in self._steps.values())

    @property
    def replay_of(self) -> str | None:
        """The execution that is replayed; None where none is."""
        return self._original.plan.original if self._original is not None else None

    @property
    def may_cache(self) -> bool:
        """Whether ZenML's cache may answer calls: what a replay runs again is run."""
        return self._original is None or self._original.plan.cache

    def version(self, name: str) -> int:
        """Return how often a step of this name has been started."""
        step = self._steps.get(name)
        return step.version if step is not None else 0

    def left_by(self, name: str) -> Left:
        """Return what an earlier runner has left of a call that runs here."""
        return Left.by(self._steps.get(name), self._since)

    def _recorded(self, step: StepRunResponse) -> Recorded:
        extra = extra_of(step)
        key = extra.get("key")
        return Recorded(
            name=step.name,
            checkpoint=step.config.name,
            index=index_of(step),
            state=self._state(step),
            place=Place(**extra["place"]) if "place" in extra else None,
            inputs=_digests(extra.get("inputs")),
            id=extra.get("id"),
            key=(extra["stem"], key) if key is not None else None,
            stands=self._original is not None and self._original.plan.stands(step.name),
            recency=self._recency(step),
        )

    def _recency(self, step: StepRunResponse) -> Recency:
        if self._original is not None:
            if step.name in self._original.plan.overridden:
                return Recency(1, 0)
            if step.name not in self._steps:
                return Recency(0, self._original.attempt_of(step.name))
            if step.name in self._original.plan.reused:
                return Recency(0, attempt_of(step))
        return Recency(1, attempt_of(step))

    def _state(self, step: StepRunResponse) -> State:
        if step.name not in self._steps:
            assert self._original is not None
            return State.COMPLETED if self._original.plan.takes(step.name) else State.AGAIN
        if step.status.is_successful:
            return State.COMPLETED
        is_outcome = RAISED_KEY in step.run_metadata and attempt_of(step) >= self._since
        if is_outcome:
            return State.FAILED
        return State.RUNNING if step.name in self._running else State.AGAIN

    def _same_values(self, recorded: Recorded, call: Call) -> bool:
        """Whether a recorded call is taken for one though the digests differ.

        That is so where the values are equal, and before the cut of a replay that was given other inputs for the flow.
        """
        if self._original is not None and self._original.plan.new_inputs:
            return True
        try:
            before = named_inputs(call.called, recorded_arguments(call.called, self._known[recorded.name]))
            return all(digest(before[name]) == digest(value) for name, value in call.values.items())
        except Exception:  # noqa: BLE001 - what cannot be read, or has no digest, is not known to be the same
            return False


def _made(call: Call) -> dict[str, Any]:
    """Return where a call is made and what it is given, as it is recorded."""
    inputs = {name: known or NO_DIGEST for name, known in call.inputs.items()}
    return {"index": call.index, "place": vars(call.place), "inputs": inputs}


def _digests(recorded: Mapping[str, str] | None) -> dict[str, str | None] | None:
    if recorded is None:
        return None
    return {name: None if known == NO_DIGEST else known for name, known in recorded.items()}


def _recorded_code(step: StepRunResponse) -> str | None:
    return step.config.caching_parameters.get(CODE_HASH_PARAMETER_NAME)
