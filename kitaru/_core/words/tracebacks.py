"""Tracebacks as the user reads them: without the frames of what runs their code."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import traceback
from pathlib import Path
from typing import Final

from kitaru._core.package import FOLDER
from kitaru._core.words.exception_text import encodable

_TRACEBACK: Final = "__kitaru_traceback__"
_PACKAGES: Final = ("zenml", "pydantic", "asyncio", "concurrent.futures")
# Above the frames of an exception that is in no group.
_HEADING: Final = re.compile(r"^Traceback \(most recent call last\):\n", re.MULTILINE)


def give_recorded_traceback(error: BaseException, text: str) -> None:
    """Give an exception that is raised again the traceback that it had when it was raised first."""
    with contextlib.suppress(AttributeError, TypeError):  # an exception class without a __dict__
        setattr(error, _TRACEBACK, text)


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
    machinery = _machinery()
    return [frame for frame in exception.stack if not frame.filename.startswith(machinery)]


def _machinery() -> tuple[str, ...]:
    """Return where frames come from that are none of the user's: whole packages, and single modules."""
    packages = [getattr(sys.modules.get(name), "__file__", None) for name in _PACKAGES]
    return (
        f"{FOLDER}{os.sep}",
        *(f"{Path(file).parent}{os.sep}" for file in packages if file),
        *(module.__file__ for module in (contextlib, threading) if module.__file__),
        "<frozen runpy>",
    )
