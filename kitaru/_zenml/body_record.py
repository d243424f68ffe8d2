"""The record that a body goes by: what has completed in an execution, and whether the body still follows it."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from zenml.constants import CODE_HASH_PARAMETER_NAME

from kitaru._core.unset import UNSET
from kitaru._named import Scope
from kitaru._zenml.original import index_of
from kitaru._zenml.plain_steps import PlainStep
from kitaru._zenml.records import OPEN_STEPS, about
from kitaru._zenml.steps import build_step
from kitaru.errors import KitaruDivergenceError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from zenml.models import StepRunResponse

    from kitaru._zenml.original import Original
    from kitaru._zenml.plain_steps import Called
    from kitaru.checkpoint import Checkpoint


class Record:
    """What earlier attempts at a body have left in the store.

    While every call so far was answered from the record, the body runs as it ran then, and a call of another
    checkpoint than the recorded one means that the code has changed: what follows would be answered with results of
    something else. From the first call that runs anew the body may go another way. In async code the order of calls
    depends on who finishes first, so that only names are compared there.
    """

    def __init__(self, exec_id: str, steps: Mapping[str, StepRunResponse], original: Original | None = None) -> None:
        """Create the record.

        Args:
            exec_id: The execution.
            steps: The latest step run of each name.
            original: What the execution replays, where it does.
        """
        self._exec_id = exec_id
        self._steps = dict(steps)
        self._original = original
        self._answered: set[str] = set()
        self._order = dict(original.followed) if original is not None else {}
        self._order |= {index_of(step): step for step in steps.values()}
        self._following = bool(self._order) if original else any(s.status.is_successful for s in steps.values())
        self.changed: set[str] = set()
        known = {step.name: step for step in (*self._order.values(), *steps.values())}
        self._named = sorted(known.values(), key=lambda step: (index_of(step), step.name))

    def name_of(self, stem: str, key: str, taken: Container[str]) -> str | None:
        """Return the recorded name of a call that a key tells apart, or None.

        Args:
            stem: What its name begins with.
            key: The key.
            taken: Names that other calls of this attempt have.
        """
        found = (step.name for step in self._named if _named(step) == (stem, key))
        return next((name for name in found if name not in taken), None)

    def scope_of(self, base: str, key: str, taken: Container[str]) -> str | None:
        """Return the recorded name of a scope that a key tells apart, or None; arguments as for :meth:`name_of`."""
        known = (scope.name for scope in self._scopes if (scope.base, scope.key) == (base, key))
        return next((name for name in known if name not in taken), None)

    @cached_property
    def recorded(self) -> frozenset[str]:
        """Names of recorded calls and scopes: a call with another key may not have them."""
        return frozenset([*(step.name for step in self._named), *(scope.name for scope in self._scopes)])

    @cached_property
    def _scopes(self) -> list[Scope]:
        given = (about(step).get("scope") for step in self._named)
        return list(dict.fromkeys(Scope(**scope) for scope in given if scope))

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

    def answer(self, wait: str) -> Any:
        """Return the answer that a replay has ahead for a question; ``UNSET`` where there is none."""
        return UNSET if self._original is None else self._original.plan.answers.get(wait, UNSET)

    def completed(self, name: str) -> StepRunResponse | None:
        """Return the completed step of a name, or None; what a replay takes from its original becomes one here."""
        step = self._steps.get(name)
        if self._original is not None and name not in self._answered:
            successful = step is not None and step.status.is_successful
            taken = self._original.mended(step) if step is not None and successful else self._original.take(name)
            if taken is not None:
                self._steps[name] = step = taken
            self._answered.add(name)
        return step if step is not None and step.status.is_successful else None

    def version(self, name: str) -> int:
        """Return how often a step of this name has been started."""
        step = self._steps.get(name)
        return step.version if step is not None else 0

    def follow(self, index: int, checkpoint: Called, name: str, *, ordered: bool) -> None:
        """Hold a call against the record.

        Args:
            index: Which call of the body it is, from 1.
            checkpoint: What is called.
            name: The call's name in the execution.
            ordered: Whether calls come in the order of the code.

        Raises:
            KitaruDivergenceError: The record has another checkpoint in this place.
        """
        if not self._following:
            return
        expected = self._order.get(index)
        if expected is not None and (
            expected.config.name != checkpoint.name if ordered else self._is_unknown(index, checkpoint)
        ):
            raise self._divergence(index, expected.config.name, checkpoint.name, name)
        step = self.completed(name)
        if step is None:
            self._following = False
        elif _recorded_code(step) != (checkpoint.code if isinstance(checkpoint, PlainStep) else _code(checkpoint)):
            self.changed.add(checkpoint.name)

    def _is_unknown(self, index: int, checkpoint: Called) -> bool:
        """Whether a replay is asked, before its cut, for a checkpoint that its original never called."""
        if self._original is None or index not in self._original.followed:
            return False
        return all(step.config.name != checkpoint.name for step in self._original.steps.values())

    def _divergence(self, index: int, expected: str, found: str, name: str) -> KitaruDivergenceError:
        if self._original is None:
            whose, remedy = (
                self._exec_id,
                "Restore the order of the checkpoints before this point, or start a new execution.",
            )
        else:
            whose = f"{self._original.plan.original}, which it replays"
            remedy = f"Restore the order of the checkpoints before this point, or replay from here on: at={expected!r}."
        return KitaruDivergenceError(
            f"The flow's body no longer follows the record of execution {whose}: its call {index} was checkpoint "
            f"{expected!r} and is {found!r} now. {remedy}",
            exec_id=self._exec_id,
            failure_origin="divergence",
            checkpoint=name,
        )


def _named(step: StepRunResponse) -> tuple[str | None, str | None]:
    found = about(step)
    return found.get("stem"), found.get("key")


def _recorded_code(step: StepRunResponse) -> str | None:
    return step.config.caching_parameters.get(CODE_HASH_PARAMETER_NAME)


@cache
def _code(checkpoint: Checkpoint[..., object]) -> str | None:
    code: str | None = build_step(checkpoint).caching_parameters.get(CODE_HASH_PARAMETER_NAME)
    return code
