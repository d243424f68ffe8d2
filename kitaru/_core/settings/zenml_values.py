"""Mappings for ZenML as plain JSON: how objects become some, and how layers of them merge key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import PurePath
from types import ModuleType
from typing import Any
from uuid import UUID

from kitaru._core.code.references import reference
from kitaru.errors import KitaruUsageError


def plain(value: Any, where: str) -> Any:
    """Return a value as plain JSON: objects of pydantic's by what was said of them, functions and classes by their name.

    Args:
        value: The value.
        where: What gives it, for messages.

    Raises:
        KitaruUsageError: Something in it has no such form.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, f"{where}.{place}") for place, item in enumerate(value)]
    if hasattr(value, "model_dump") and not isinstance(value, type):
        return value.model_dump(mode="json", exclude_unset=True)
    return _plain_leaf(value, where)


def _plain_leaf(value: Any, where: str) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value) if isinstance(value, UUID | PurePath) else _name(value, where)


def _name(value: Any, where: str) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    if not callable(value):
        raise KitaruUsageError(
            f"{where} gives {type(value).__name__}, which cannot be kept with an execution. Give plain data, or an object of "
            f"ZenML's."
        )
    found = reference(value, where)
    return f"{found.module.name if found.module is not None else found.builtin}.{found.qualname}"


def merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Return two mappings merged key by key, the higher one on top; what is no mapping is replaced whole."""
    result = dict(low)
    for key, value in high.items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both else value  # type: ignore[arg-type]  # both are mappings
    return result


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield what stands in a mapping by its path: all that is no mapping with something in it."""
    if not isinstance(value, Mapping) or not value:
        yield path, value
        return
    for key, item in value.items():
        yield from leaves(item, f"{path}.{key}")
