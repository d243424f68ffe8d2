"""The record of a secret."""

from __future__ import annotations

from datetime import datetime

from kitaru._core.records.record import Record


class SecretInfo(Record):
    """A secret, without its values.

    Attributes:
        name: Its name.
        keys: The names of its values.
        private: Whether only the user who made it can read it.
        updated_at: When it was changed last, in UTC.
    """

    name: str
    keys: tuple[str, ...]
    private: bool
    updated_at: datetime
