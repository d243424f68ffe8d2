"""A module beside a script in a folder of a repository of ZenML's, which the script imports by its plain name."""

from __future__ import annotations

from pydantic import BaseModel


class Helper(BaseModel):
    """What a module beside the script defines."""

    name: str
