"""The record of one thing that was looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What: ``"Python"``, ``"ZenML"``, ``"Settings"``, ``"Store"``, ``"Server"``, ``"Stack"``,
            ``"Docker engine"`` or ``"Registry"``.
        state: ``"ok"``, ``"failed"``, or ``"unused"`` where it is not there and nothing needs it.
        found: What was found.
        cure: What to do about it; None where nothing needs to be done.
    """

    check: str
    state: Literal["ok", "failed", "unused"]
    found: str
    cure: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)
