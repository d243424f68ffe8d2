"""The nodes and edges of an execution's lineage: what was made from what.

Fan-outs, loops and crowds are folded, so that 300 calls stay a graph of the flow.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kitaru._core.drawing.trace import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kitaru._core.drawing.trace import Call

# How many boxes may stand without folding, how many calls a fold has at least, how many boxes a folded graph has.
_UNFOLDED = 24
_LEAST_FOLD = 4
_MOST_BOXES = 40


def fold(calls: Sequence[Call], *, whole: bool = False) -> tuple[list[Group], set[tuple[int, int]]]:
    """Return the boxes of a lineage and its edges, as pairs of their numbers.

    Args:
        calls: The calls.
        whole: Whether every call has a box of its own, however many there are.
    """
    ordered = sorted(calls, key=lambda call: (call.start, call.name))
    groups: dict[str, str] = {call.name: call.name for call in ordered}
    if len(ordered) > _UNFOLDED and not whole:
        groups = _by_fan_out(ordered)
        if len(set(groups.values())) > _MOST_BOXES:
            groups = {call.name: f"\0{call.function}" for call in ordered}
        if len(set(groups.values())) > _MOST_BOXES:
            groups = _by_crowd(ordered, groups)
    return _folded(ordered, groups)


def by_order(boxes: Sequence[Group], edges: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the edges along which no value went: what is at their ends only came after what is at their starts.

    Args:
        boxes: What :func:`fold` has returned.
        edges: The same.
    """
    numbers = {call.name: number for number, box in enumerate(boxes) for call in box.calls}
    passed = {
        (numbers[parent], number)
        for number, box in enumerate(boxes)
        for call in box.calls
        for parent in call.parents
        if parent in numbers and parent not in call.after
    }
    return set(edges) - passed


def _by_fan_out(calls: Sequence[Call]) -> dict[str, str]:
    """Put calls of one checkpoint together that are made from the same, or each from the one before it.

    Groups are told apart by numbers: names made of the parents' names would double in length with every turn of a loop.
    """
    groups: dict[str, int] = {}
    functions: list[str] = []  # of each group
    known: dict[tuple[str, frozenset[int]], int] = {}
    for call in calls:
        parents = frozenset(groups[parent] for parent in call.parents if parent in groups)
        loop = min((group for group in parents if functions[group] == call.function), default=None)
        group = known.setdefault((call.function, parents), len(functions)) if loop is None else loop
        if group == len(functions):
            functions.append(call.function)
        groups[call.name] = group
        if len(functions) > _MOST_BOXES:
            return {call.name: call.name for call in calls}
    sizes = Counter(groups.values())
    return {name: f"\0{group}" if sizes[group] >= _LEAST_FOLD else name for name, group in groups.items()}


def _by_crowd(calls: Sequence[Call], groups: Mapping[str, str]) -> dict[str, str]:
    """Leave the boxes that took longest, and put the others together, column by column.

    Where there are more columns than boxes, neighbouring columns become one box.
    """
    boxes, edges = _folded(calls, groups)
    layers = _layers(len(boxes), edges)
    depth = max(layers) + 1
    names = [groups[box.calls[0].name] for box in boxes]
    columns: dict[int, list[int]] = {}
    for number in sorted(range(len(boxes)), key=lambda number: boxes[number].start - boxes[number].end):
        columns.setdefault(layers[number] * min(depth, _MOST_BOXES) // depth, []).append(number)
    room = _MOST_BOXES // depth
    crowd = {names[number]: column for column, numbers in columns.items() for number in numbers[room:]}
    return {name: f"\1{crowd[group]}" if group in crowd else group for name, group in groups.items()}


def _folded(calls: Sequence[Call], groups: Mapping[str, str]) -> tuple[list[Group], set[tuple[int, int]]]:
    members: dict[str, list[Call]] = {}
    for call in calls:
        members.setdefault(groups[call.name], []).append(call)
    numbers = {group: number for number, group in enumerate(members)}
    boxes = [Group(_label(own), tuple(own)) for own in members.values()]
    edges = {
        (numbers[groups[parent]], numbers[groups[call.name]])
        for call in calls
        for parent in call.parents
        if parent in groups and groups[parent] != groups[call.name]
    }
    return boxes, edges


def _label(calls: Sequence[Call]) -> str:
    if len(calls) == 1:
        return calls[0].name
    same = len({call.function for call in calls}) == 1
    return f"{calls[0].function} ×{len(calls)}" if same else f"{len(calls)} others"  # noqa: RUF001 - the sign is meant


def _layers(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Return the column of each box: behind all that it is made from, as far as that started before it."""
    layers = [0] * count
    for start, end in sorted((edge for edge in edges if edge[0] < edge[1]), key=lambda edge: edge[1]):
        layers[end] = max(layers[end], layers[start] + 1)
    return layers
