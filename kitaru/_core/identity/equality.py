"""Equality that a reader of both values could not tell from identity: types included, all the way down."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

from pydantic import BaseModel

from kitaru._core.code.slots import held_in_slots

_MODEL_PARTS = ("__dict__", "__pydantic_extra__", "__pydantic_private__", "__pydantic_fields_set__")


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same types.

    ``==`` takes a ``StrEnum`` for its text, an ``OrderedDict`` for a dict, and leaves out what a dataclass does not
    compare and which fields of a model were set.
    """
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in (set, frozenset):
        return {(type(item), item) for item in one} == {(type(item), item) for item in other}
    parts = _parts(one)
    if parts is None:
        return bool(one == other)
    others = _parts(other) or []
    return len(parts) == len(others) and all(map(same, parts, others))


def _parts(value: Any) -> list[Any] | None:
    """What a value consists of; None where it is one piece."""
    kind = type(value)
    if kind in (list, tuple):
        return list(value)
    if kind is dict:
        return [*value, *value.values()]
    if isinstance(value, BaseModel):
        return [getattr(value, part) for part in _MODEL_PARTS]
    return _state(value) if is_dataclass(value) else None


def _state(value: Any) -> list[Any]:
    """What an object holds, be it a field or not: a method, or what runs after ``__init__``, may have added some."""
    return [getattr(value, "__dict__", {}), held_in_slots(value)]
