"""The one check of a number of retries."""

from __future__ import annotations

from typing import Any

from kitaru.errors import KitaruUsageError


def checked_retries(value: Any, where: str) -> int:
    """Return a number of retries, or raise KitaruUsageError that names where it was given.

    Args:
        value: What was given.
        where: ``"@flow(retries=)"``, ``"KITARU_RETRIES"``, ...
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise KitaruUsageError(
            f"{where}: retries is {value!r}, and has to be a whole number from 0 up: how many times more it is tried "
            f"after a failure."
        )
    return value
