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


def replace(
    value: Any,
    visit: Callable[[Any], Any],
    containers: tuple[type, ...] = (list, tuple, dict),
    _around: frozenset[int] = frozenset(),
) -> Any:
    """Return the value with other parts; the very same object where no part changed.

    Args:
        value: A container, or a single leaf.
        visit: Gets every part, containers before what is in them. Where it returns another object, that takes the
            part's place as it is; where it returns the part itself, a container is walked.
        containers: The types that are walked.

    A container inside itself is not walked a second time.
    """
    part = visit(value)
    kind = type(value)
    if part is not value or kind not in containers or id(value) in _around:
        return part
    around = _around | {id(value)}
    if kind is dict:
        changed = {key: replace(item, visit, containers, around) for key, item in value.items()}
        return value if all(changed[key] is value[key] for key in value) else changed
    items = [replace(item, visit, containers, around) for item in value]
    if all(new is old for new, old in zip(items, value, strict=True)):
        return value
    return tuple(items) if kind is tuple else items


def leaves(value: Any, containers: tuple[type, ...] = (list, tuple, dict)) -> list[Any]:
    """Return the parts of a value that are no containers."""
    parts: list[Any] = []

    def visit(part: Any) -> Any:
        if type(part) not in containers:
            parts.append(part)
        return part

    replace(value, visit, containers)
    return parts


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
