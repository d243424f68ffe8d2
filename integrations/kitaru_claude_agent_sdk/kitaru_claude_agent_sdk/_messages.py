"""The SDK's messages as plain JSON, and back."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from claude_agent_sdk import Message, types

# The key that names the class of a message or of a part of one.
_CLASS = "class"


class Messages:
    """How the messages of a query are stored where they come back equal; a ``kitaru.adapter.Serializer``."""

    def dump(self, value: list[Message]) -> list[Any]:
        """Return messages as plain JSON."""
        return [_dumped(message) for message in value]

    def load(self, stored: list[Any]) -> list[Message]:
        """Return the messages again."""
        return [_loaded(message) for message in stored]


def _dumped(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        values = {field.name: _dumped(getattr(value, field.name)) for field in fields(value)}
        return {_CLASS: type(value).__name__, **values}
    return [_dumped(part) for part in value] if isinstance(value, list) else value


def _loaded(stored: Any) -> Any:
    if isinstance(stored, list):
        return [_loaded(part) for part in stored]
    kind = getattr(types, str(stored.get(_CLASS)), None) if isinstance(stored, dict) else None
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return stored
    # What an earlier release recorded may have fields that this one has not.
    known = {field.name for field in fields(kind)}
    return kind(**{name: _loaded(part) for name, part in stored.items() if name in known})
