"""The record of an execution that goes on: what has completed, and whether the body still follows it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zenml.constants import CODE_HASH_PARAMETER_NAME

from kitaru._zenml.steps import build_step
from kitaru.errors import KitaruDivergenceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.models import StepRunResponse

    from kitaru.checkpoint import Checkpoint


class Record:
    """What earlier attempts at a body have left in the store.

    While every call so far was answered from the record, the body runs as it ran then, and a call of another
    checkpoint than the recorded one means that the code has changed: what follows would be answered with results of
    something else. From the first call that runs anew the body may go another way. In async code the order of calls
    depends on who finishes first, so that only names are compared there.
    """

    def __init__(self, exec_id: str, steps: Mapping[str, StepRunResponse]) -> None:
        """Create the record.

        Args:
            exec_id: The execution.
            steps: The latest step run of each name.
        """
        self._exec_id = exec_id
        self._steps = steps
        self._order = {_index(step): step for step in steps.values()}
        self._following = any(step.status.is_successful for step in steps.values())
        self.changed: set[str] = set()

    def completed(self, name: str) -> StepRunResponse | None:
        """Return the completed step of a name, or None."""
        step = self._steps.get(name)
        return step if step is not None and step.status.is_successful else None

    def version(self, name: str) -> int:
        """Return how often a step of this name has been started."""
        step = self._steps.get(name)
        return step.version if step is not None else 0

    def follow(self, index: int, checkpoint: Checkpoint[..., object], name: str, *, ordered: bool) -> None:
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
        if ordered and expected is not None and expected.config.name != checkpoint.name:
            raise KitaruDivergenceError(
                f"The flow's body no longer follows the record of execution {self._exec_id}: its call {index} was "
                f"checkpoint {expected.config.name!r} and is {checkpoint.name!r} now. Restore the order of the "
                f"checkpoints before this point, or start a new execution.",
                exec_id=self._exec_id,
                failure_origin="divergence",
                checkpoint=name,
            )
        step = self.completed(name)
        if step is None:
            self._following = False
        elif _recorded_code(step) != _code(checkpoint):
            self.changed.add(checkpoint.name)


def _index(step: StepRunResponse) -> int:
    return int(step.config.extra.get("kitaru", {}).get("index", 0))


def _recorded_code(step: StepRunResponse) -> str | None:
    return step.config.caching_parameters.get(CODE_HASH_PARAMETER_NAME)


@cache
def _code(checkpoint: Checkpoint[..., object]) -> str | None:
    code: str | None = build_step(checkpoint).caching_parameters.get(CODE_HASH_PARAMETER_NAME)
    return code
