"""The sentinel for "not given", where ``None`` is a value."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unset(Enum):
    """Type of :data:`UNSET`; an enum, so that type checkers narrow on identity."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
