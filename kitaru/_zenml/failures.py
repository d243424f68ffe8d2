"""Why a flow failed, in the user's own terms."""

from __future__ import annotations

import contextlib
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic
import zenml

import kitaru
from kitaru.errors import KitaruDivergenceError

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "__kitaru_checkpoint__"
# ZenML stores 65,535 characters of metadata in a value; the traceback shares them with the message.
_LIMIT = 20_000
_MACHINERY = tuple(str(Path(package.__file__).parent) for package in (kitaru, zenml, pydantic) if package.__file__)
_MACHINERY_FILES = ("concurrent/futures", "contextlib.py", "asyncio/", "threading.py", "<frozen runpy>")


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
    """

    origin: str
    message: str
    type: str | None = None
    checkpoint: str | None = None
    traceback: str | None = None

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
    origin = "checkpoint" if checkpoint else ("import" if function is None else "flow")
    if isinstance(error, KitaruDivergenceError):
        origin = "divergence"
    return Failure(
        origin=origin,
        message=str(error)[:_LIMIT],
        type=f"{kind.__module__}.{kind.__qualname__}",
        checkpoint=checkpoint,
        traceback=_user_traceback(error)[-_LIMIT:],
    )


def _user_traceback(error: BaseException) -> str:
    exception = traceback.TracebackException.from_exception(error)
    pending: list[traceback.TracebackException | None] = [exception]
    while pending:
        current = pending.pop()
        if current is None:
            continue
        frames = [frame for frame in current.stack if not _is_machinery(frame.filename)]
        if frames:
            current.stack = traceback.StackSummary.from_list(frames)
        pending += [current.__cause__, current.__context__]
    return "".join(exception.format())


def _is_machinery(filename: str) -> bool:
    return filename.startswith(_MACHINERY) or any(part in filename for part in _MACHINERY_FILES)
