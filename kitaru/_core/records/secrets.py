"""The record of a secret."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class SecretInfo(BaseModel):
    """A secret, without its values.

    Attributes:
        name: Its name.
        keys: The names of its values.
        private: Whether only the user who made it can read it.
        updated_at: When it was changed last, in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    keys: tuple[str, ...]
    private: bool
    updated_at: datetime
