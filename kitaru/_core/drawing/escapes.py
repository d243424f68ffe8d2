"""Control sequences of terminals in what programs put out."""

from __future__ import annotations

import re
from typing import Final

_COLOURS: Final = re.compile(r"\x1b\[[0-9;:]*m")
_OTHERS: Final = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|[\x00-\x08\x0b-\x1a\x1c-\x1f]"
)


def coloured_lines(text: str) -> str:
    """Return text without what moves the cursor or clears the screen; colours stay."""
    return _OTHERS.sub("", text)


def plain(text: str) -> str:
    """Return text without colours as well."""
    return _OTHERS.sub("", _COLOURS.sub("", text))
