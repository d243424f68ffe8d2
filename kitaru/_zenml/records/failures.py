"""Why a flow failed, in the user's own terms."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import re
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pydantic
import zenml

from kitaru._core.package import FOLDER
from kitaru._core.words.exception_text import encodable, text_of
from kitaru._core.words.zenml_words import VALUE_WORDS
from kitaru.errors import KitaruDivergenceError

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "__kitaru_checkpoint__"
_TRACEBACK = "__kitaru_traceback__"
# ZenML stores 65,535 characters of metadata in a value; the traceback shares them with the message.
_LIMIT = 20_000
_PACKAGES = (zenml, pydantic, asyncio, concurrent.futures)
# Above the frames of an exception that is in no group.
_HEADING: Final = re.compile(r"^Traceback \(most recent call last\):\n", re.MULTILINE)
# Where frames come from that are none of the user's: whole packages, and single modules.
_MACHINERY = (
    f"{FOLDER}{os.sep}",
    *(f"{Path(package.__file__).parent}{os.sep}" for package in _PACKAGES if package.__file__),
    *(module.__file__ for module in (contextlib, threading) if module.__file__),
    "<frozen runpy>",
)


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


def give_recorded_traceback(error: BaseException, text: str) -> None:
    """Give an exception that is raised again the traceback that it had when it was raised first."""
    with contextlib.suppress(AttributeError, TypeError):  # an exception class without a __dict__
        setattr(error, _TRACEBACK, text)


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


def user_traceback(error: BaseException) -> str:
    """Return the traceback of an exception without the machinery's frames, with those of where it was raised first."""
    exception = traceback.TracebackException.from_exception(error)
    recorded: str | None = getattr(error, _TRACEBACK, None)
    if recorded is None:
        _keep_user_frames(exception)
        return encodable("".join(exception.format()))
    again = "".join(traceback.StackSummary.from_list(_user_frames(exception)).format())
    place = max((heading.end() for heading in _HEADING.finditer(recorded)), default=None)
    return recorded if place is None else f"{recorded[:place]}{again}{recorded[place:]}"


def _keep_user_frames(exception: traceback.TracebackException) -> bool:
    """Drop the machinery's frames, and exceptions that it was handling itself; say whether anything else is left."""
    frames = _user_frames(exception)
    if frames:
        exception.stack = traceback.StackSummary.from_list(frames)
    for other in (exception.__cause__, *(exception.exceptions or ())):
        if other is not None:
            _keep_user_frames(other)
    if exception.__context__ is not None and not _keep_user_frames(exception.__context__):
        exception.__context__ = None
    return bool(frames) or exception.__context__ is not None


def _user_frames(exception: traceback.TracebackException) -> list[traceback.FrameSummary]:
    return [frame for frame in exception.stack if not frame.filename.startswith(_MACHINERY)]
