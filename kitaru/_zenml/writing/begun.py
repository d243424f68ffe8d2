"""Steps that run in this process, with what is written when they end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zenml.steps.step_context import StepContext

from kitaru._zenml.records.versions import Kept

if TYPE_CHECKING:
    from uuid import UUID

    from zenml.models import StepRunResponse

    from kitaru._zenml.writing.made import Made


@dataclass(frozen=True)
class Begun:
    """A step that has begun.

    Attributes:
        response: What was answered then.
        needs_outputs: Whether what it has made is looked for before its end, by hooks of the user's or to link it to a model.
        made: Its outputs, which are stored, and not yet recorded.
    """

    response: StepRunResponse
    needs_outputs: bool
    made: list[Made] = field(default_factory=list)


# There are as many as threads, and those that end elsewhere, which stay until others take their place.
_begun: Kept[Begun] = Kept(100_000)


def note(begun: Begun) -> None:
    """Take note of a step that has begun."""
    _begun.put(begun.response.id, begun)


def begun(step_run_id: UUID) -> Begun | None:
    """Return a step that began in this process, if it has not ended."""
    return _begun.get(step_run_id)


def forget(step_run_id: UUID) -> None:
    """Take note that a step has ended, or is ZenML's from now on."""
    _begun.take(step_run_id)


def running() -> Begun | None:
    """Return the step that runs in this thread, if its outputs can be recorded with its end."""
    context = StepContext.get()
    step = begun(context.step_run.id) if context is not None else None
    return step if step is not None and not step.needs_outputs else None
