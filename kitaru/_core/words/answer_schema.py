"""What a question's JSON schema takes: in words for people, and whether a value is of the right kind.

Not a validator: lengths, patterns and what is inside arrays and objects are left to the store, which has the last word.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

_KINDS: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_WORDS: Final = {
    "null": "null",
    "boolean": "yes or no",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a JSON array",
    "object": "a JSON object",
}
_LIMITS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matching {}",
    "format": "a {}",
}


class AnswerSchema:
    """A question's JSON schema, or a part of one.

    Examples:
        >>> AnswerSchema({"enum": ["a", "b"]}).description
        '"a" or "b"'
    """

    def __init__(self, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> None:
        self._root = schema if root is None else root
        self._schema = self._resolved(schema)
        alternatives = self._schema.get("anyOf") or self._schema.get("oneOf") or []
        self._parts = [AnswerSchema(alternative, self._root) for alternative in alternatives]

    @property
    def choices(self) -> list[Any] | None:
        """The only values it takes; None where it takes others."""
        if "const" in self._schema:
            return [self._schema["const"]]
        if "enum" in self._schema:
            return list(self._schema["enum"])
        if self._schema.get("type") == "null":
            return [None]
        listed = [part.choices for part in self._parts if part.choices is not None]
        if not self._parts or len(listed) < len(self._parts):
            return None
        return [value for values in listed for value in values]

    @property
    def kinds(self) -> frozenset[str]:
        """The JSON types that it takes; all of them where it says nothing."""
        if self.choices is not None:
            return frozenset(map(kind_of, self.choices))
        if self._parts:
            return frozenset().union(*(part.kinds for part in self._parts))
        named = self._schema.get("type")
        return frozenset([named] if isinstance(named, str) else named or _KINDS)

    @property
    def fields(self) -> dict[str, AnswerSchema]:
        """The fields of an object that is nothing but an object."""
        if self.kinds != {"object"} or self._parts:
            return {}
        return {name: AnswerSchema(part, self._root) for name, part in self._schema.get("properties", {}).items()}

    def unknown(self, value: object) -> list[str]:
        """The names in an object that are no fields of it, where it takes only its fields or says nothing of others."""
        others = self._schema.get("additionalProperties") or self._schema.get("patternProperties")
        if not isinstance(value, dict) or not self.fields or others:
            return []
        return [name for name in value if name not in self.fields]

    @property
    def required(self) -> frozenset[str]:
        """The fields that an object must have."""
        return frozenset(self._schema.get("required", ()))

    @property
    def description(self) -> str:
        """What it takes, in words: ``"a whole number (at least 1)"``."""
        if self.choices is not None and len(self.choices) > 0:
            return _or([json.dumps(value, ensure_ascii=False) for value in self.choices])
        if self._parts:
            return _or([part.description for part in self._parts])
        if self.fields:
            return f"a JSON object of {', '.join(self._described_fields())}"
        words = "any JSON" if self.kinds == _KINDS else _or(sorted(_WORDS.get(kind, kind) for kind in self.kinds))
        limits = [form.format(self._schema[name]) for name, form in _LIMITS.items() if name in self._schema]
        return f"{words} ({', '.join(limits)})" if limits else words

    @property
    def example(self) -> str:
        """An answer as one would write it: ``"yes"``, or ``"..."`` where only the asker knows one."""
        if self.choices:
            first = self.choices[0]
            return first if isinstance(first, str) else json.dumps(first)
        if self.fields:
            shown = {name: "..." for name in self.fields if name in self.required or not self.required}
            return json.dumps(shown)
        return "yes" if "boolean" in self.kinds and self.kinds != _KINDS else "..."

    def fits(self, value: object) -> bool:
        """Whether a value is one of the choices, or of the right JSON type."""
        if self.choices is not None:
            return any(kind_of(choice) == kind_of(value) and choice == value for choice in self.choices)
        kind = kind_of(value)
        return kind in self.kinds or (kind == "integer" and "number" in self.kinds)

    def _described_fields(self) -> list[str]:
        return [
            f"{name} ({field.description}{'' if name in self.required else ', optional'})"
            for name, field in self.fields.items()
        ]

    def _resolved(self, schema: Mapping[str, Any]) -> Schema:
        """Follow references, and merge what stands beside them."""
        resolved = dict(schema)
        followed = 0
        while followed < 20 and ("$ref" in resolved or len(resolved.get("allOf", ())) == 1):  # noqa: PLR2004 - no circle
            followed += 1
            target = self._referred(resolved.pop("$ref")) if "$ref" in resolved else resolved.pop("allOf")[0]
            resolved = {**target, **resolved}
        return resolved

    def _referred(self, reference: str) -> Mapping[str, Any]:
        part: Any = self._root
        for key in reference.removeprefix("#/").split("/"):
            part = part.get(key, {}) if isinstance(part, dict) else {}
        return part if isinstance(part, dict) else {}


def kind_of(value: object) -> str:
    """Return the JSON type of a plain value."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "object")


def _or(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
