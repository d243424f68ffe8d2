"""What all data that is shown has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Data that nobody changes once it is made, and that takes no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
