"""Tracebacks as text, without the frames of the machinery that called the user's code."""

from __future__ import annotations

import os
import re
from typing import Final

from kitaru._core.package import FOLDER

_PACKAGE: Final = f"{FOLDER}{os.sep}"
_FRAME: Final = re.compile(r'^  File "(?P<file>[^"]+)", line \d+, in .*\n(?:    .*\n)*', re.MULTILINE)
_INSTALLED: Final = re.compile(r"[/\\](?:site|dist)-packages[/\\](?:zenml|kitaru)[/\\]")


def own_frames(text: str) -> str:
    """Drop the frames of Kitaru and ZenML from tracebacks in a text; all stay where there would be none left.

    Args:
        text: Lines of a log, as written here or in a container.
    """
    if not any(_is_own(match["file"]) for match in _FRAME.finditer(text)):
        return text
    return _FRAME.sub(lambda match: match[0] if _is_own(match["file"]) else "", text)


def _is_own(file: str) -> bool:
    return not (file.startswith(_PACKAGE) or _INSTALLED.search(file))
