"""A function that is imported when it is called: who only receives it loads nothing for it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Imported:
    """A function by its place.

    Attributes:
        module: Its module.
        name: Its name in there.
    """

    module: str
    name: str

    def __call__(self, *args: Any) -> Any:
        """Import it and call it."""
        return getattr(importlib.import_module(self.module), self.name)(*args)
