"""What is left out where every body is run again after each outcome: ``make test-replay``, by ``KITARU_FORCE_REPLAY``."""

from __future__ import annotations

# By the beginning of a test's id, with the reason.
LEFT_OUT: dict[str, str] = {}


def reason(test: str) -> str | None:
    """Return why a test is left out; None where it is not."""
    return next((why for beginning, why in LEFT_OUT.items() if test.startswith(beginning)), None)
