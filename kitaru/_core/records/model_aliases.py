"""The record of an alias of a language model."""

from __future__ import annotations

from kitaru._core.records.record import Record


class ModelAlias(Record):
    """An alias of a model.

    Attributes:
        alias: The alias.
        model: The model, as PydanticAI calls it: ``"openai:gpt-4o-mini"``.
        secret: The secret with its provider's key; None where the environment has it.
        is_default: Whether ``kitaru.llm`` asks it where no model is named.
    """

    alias: str
    model: str
    secret: str | None
    is_default: bool = False
