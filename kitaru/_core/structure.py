"""Containers of values and futures: taking the leaves out, and putting others in their place.

Only exact lists, tuples and dicts are walked, as their subclasses may mean more than they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Slot:
    """The place of a leaf that was taken out."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slot) and other.index == self.index

    def __hash__(self) -> int:
        return hash(self.index)


def replace(value: Any, leaf: Callable[[Any], Any], containers: tuple[type, ...] = (list, tuple, dict)) -> Any:
    """Return the value with ``leaf(x)`` for each leaf; the very same object where no leaf changed."""
    kind = type(value)
    if kind not in containers:
        return leaf(value)
    if kind is dict:
        changed = {key: replace(item, leaf, containers) for key, item in value.items()}
        return value if all(changed[key] is value[key] for key in value) else changed
    items = [replace(item, leaf, containers) for item in value]
    if all(new is old for new, old in zip(items, value, strict=True)):
        return value
    return tuple(items) if kind is tuple else items


def encode(value: Any) -> Any:
    """Write a structure of plain values and slots as JSON; inverse of :func:`decode`."""
    kind = type(value)
    if kind is Slot:
        return {"slot": value.index}
    if kind is list:
        return {"list": [encode(item) for item in value]}
    if kind is tuple:
        return {"tuple": [encode(item) for item in value]}
    if kind is dict:
        return {"dict": [[key, encode(item)] for key, item in value.items()]}
    return {"value": value}


def decode(data: Any, slots: list[Any]) -> Any:
    """Rebuild a structure that :func:`encode` wrote, with the given values in its slots."""
    [(kind, content)] = data.items()
    if kind == "slot":
        return slots[content]
    if kind == "list":
        return [decode(item, slots) for item in content]
    if kind == "tuple":
        return tuple(decode(item, slots) for item in content)
    if kind == "dict":
        return {key: decode(item, slots) for key, item in content}
    return content
