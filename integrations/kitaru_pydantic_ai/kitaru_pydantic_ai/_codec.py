"""How what operations return is stored: in PydanticAI's own form, or exactly where that would change it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pydantic_ai.durable_exec import JSON_CODEC

from kitaru import adapter

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXACT: Final = "kitaru_exact"
_objects = adapter.ObjectSerializer()


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
        try:
            exact = _objects.dump(value)
        except ValueError:  # it holds what cannot be pickled; PydanticAI may know what to keep of it
            return JSON_CODEC.dump(tp, value)
        with suppress(Exception):  # pydantic refuses what it has no form for by errors of many kinds
            stored = JSON_CODEC.dump(tp, value)
            if _comparable(_objects.dump(JSON_CODEC.load(tp, stored))) == _comparable(exact):
                return stored
        return {_EXACT: exact}

    def load(self, tp: Any, payload: Any) -> Any:
        """Return the value again."""
        if isinstance(payload, dict) and payload.keys() == {_EXACT}:
            return _objects.load(payload[_EXACT])
        return JSON_CODEC.load(tp, payload)


def response_in(payload: Any) -> Mapping[str, Any]:
    """Return the model's response in what is stored of a request."""
    if _EXACT in payload:
        value = _objects.load(payload[_EXACT])
        response = getattr(value, "response", value)
        return {**vars(response), "usage": asdict(response.usage)}
    response = payload.get("response", payload)
    return {**response, "usage": response.get("usage") or {}}


def _comparable(exact: Any) -> Any:
    """Return what tells values apart: True from 1, but not 0 from 0.0, which PydanticAI's own defaults are for numbers."""
    return json.loads(json.dumps(exact), parse_int=_number, parse_float=_number)


def _number(text: str) -> tuple[str, float]:
    return "number", float(text)
