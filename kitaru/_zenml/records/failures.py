"""Why a flow failed, in the user's own terms."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kitaru._core.words.exception_text import text_of
from kitaru._core.words.tracebacks import user_traceback
from kitaru._core.words.zenml_words import VALUE_WORDS
from kitaru.errors import KitaruDivergenceError

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "__kitaru_checkpoint__"
# ZenML stores 65,535 characters of metadata in a value; the traceback shares them with the message.
_LIMIT = 20_000


@dataclass(frozen=True)
class Failure:
    """Why an execution failed.

    Attributes:
        origin: ``"checkpoint"``, ``"flow"`` (the body itself), ``"import"`` (the flow's module), ``"runner"`` or
            ``"divergence"`` (the body does not follow the record).
        message: The exception's message, or what happened to the runner.
        type: The exception's qualified name.
        checkpoint: Name of the checkpoint that raised.
        traceback: The user's own frames.
        surroundings: What the runner had otherwise than the execution had at its start.
    """

    origin: str
    message: str
    type: str | None = None
    checkpoint: str | None = None
    traceback: str | None = None
    surroundings: str | None = None

    @property
    def summary(self) -> str:
        """One line: where, what type, what message."""
        where = f"checkpoint {self.checkpoint!r}: " if self.checkpoint else ""
        kind = f"{self.type.removeprefix('builtins.')}: " if self.type else ""
        return f"{where}{kind}{self.message}"[:1000]

    def to_json(self) -> dict[str, Any]:
        """Return the failure without what is not known."""
        return {key: value for key, value in vars(self).items() if value is not None}


def came_from(error: BaseException, checkpoint: str) -> None:
    """Mark an exception with the checkpoint that raised it; the first mark stands."""
    if not hasattr(error, _MARK):
        with contextlib.suppress(AttributeError, TypeError):  # an exception class without a __dict__
            setattr(error, _MARK, checkpoint)


def describe_failure(error: BaseException, function: Callable[..., Any] | None) -> Failure:
    """Describe an exception that ended an attempt.

    Args:
        error: The exception.
        function: The flow's function; None where the flow could not be loaded.
    """
    kind = type(error)
    checkpoint = getattr(error, _MARK, None)
    _note_word_of_zenml(error)
    origin = "checkpoint" if checkpoint else ("import" if function is None else "flow")
    if isinstance(error, KitaruDivergenceError):
        origin = "divergence"
    return Failure(
        origin=origin,
        message=text_of(error)[:_LIMIT],
        type=f"{kind.__module__}.{kind.__qualname__}",
        checkpoint=checkpoint,
        traceback=user_traceback(error)[-_LIMIT:],
    )


def _note_word_of_zenml(error: BaseException) -> None:
    """Tell who treats a value as ZenML's artifact that it is none; Python shows notes below the exception."""
    note = VALUE_WORDS.get(error.name or "") if isinstance(error, AttributeError) else None
    if note is not None and note not in getattr(error, "__notes__", ()):
        error.add_note(note)
