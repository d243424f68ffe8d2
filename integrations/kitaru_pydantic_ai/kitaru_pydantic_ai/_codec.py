"""How what operations return is stored: in PydanticAI's own form, or exactly where that would change it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic_ai.durable_exec import JSON_CODEC

from kitaru import adapter

if TYPE_CHECKING:
    from collections.abc import Mapping


class Codec:
    """Stores values as PydanticAI does, which reads what its earlier releases stored, wherever an equal value comes back.

    Its form is JSON by the declared type: of what tools return it makes dicts, and dates in open fields become text.
    Such values are stored with the names of their classes instead; a ``pydantic_ai.durable_exec.DurabilityCodec``.
    """

    def dump(self, tp: Any, value: Any) -> Any:
        """Return plain JSON for a value of a type.

        Raises:
            PydanticSerializationError: It can be stored in no way.
        """
        return adapter.ObjectSerializer(_Declared(tp)).dump(value)

    def load(self, tp: Any, payload: Any) -> Any:
        """Return the value again."""
        return adapter.ObjectSerializer(_Declared(tp)).load(payload)


class _Declared:
    def __init__(self, tp: Any) -> None:
        self._type = tp

    def dump(self, value: Any) -> Any:
        return JSON_CODEC.dump(self._type, value)

    def load(self, stored: Any) -> Any:
        return JSON_CODEC.load(self._type, stored)


class _AsStored:
    def dump(self, value: Any) -> Any:
        return value

    def load(self, stored: Any) -> Any:
        return stored


def response_in(payload: Any) -> Mapping[str, Any]:
    """Return the model's response in what is stored of a request."""
    value = adapter.ObjectSerializer(_AsStored()).load(payload)
    if isinstance(value, dict):
        response = value.get("response", value)
        return {**response, "usage": response.get("usage") or {}}
    response = getattr(value, "response", value)
    return {**vars(response), "usage": asdict(response.usage)}
