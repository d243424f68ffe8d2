"""A function of the user's own, in a module of its own, that raises."""

from __future__ import annotations

from typing import NoReturn


def fail(text: str) -> NoReturn:
    raise LookupError(text)
