"""``--since``: a moment as people write it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from kitaru.errors import KitaruUsageError

_AGO = re.compile(r"(\d{1,6})\s*(s|m|min|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_since(text: str, now: datetime, name: str = "--since") -> datetime:
    """Return the moment that ``2h``, ``2026-01-31`` or ``2026-01-31T14:00`` means.

    Args:
        text: What was given; one without a time zone is local time.
        now: The present, with its time zone.
        name: What it was given as; the error begins with it.

    Raises:
        KitaruUsageError: It is neither.

    Example:
        >>> parse_since("2h", datetime(2026, 1, 31, 14)).hour
        12
    """
    ago = _AGO.fullmatch(text.strip().lower())
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise KitaruUsageError(
            f"{name} {text!r} is no moment. Give a time ago (30s, 10m, 2h, 3d, 1w), a day (2026-01-31), or a time of "
            f"day (2026-01-31T14:00)."
        ) from error
