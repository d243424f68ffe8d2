"""Where the boxes of an execution's lineage stand: what was made from what, from left to right.

Geometry alone, in pixels; ``graph_svg`` draws it. Fan-outs, loops and crowds are folded, so that 300 calls stay a
picture of the flow.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from kitaru._core.drawing.course import Family, clipped, clipped_name, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kitaru._core.drawing.course import Call, Course

# How many boxes may stand without folding, how many calls a fold has at least, how many boxes stand in one column.
_UNFOLDED = 24
_LEAST_FOLD = 4
_MOST_BOXES = 40
HEIGHT = 42.0
_BEND = 8.0  # the height that an edge takes where it passes a column
_ROW_GAP = 14.0
_COLUMN_GAP = 64.0
_LEFT, _TOP, _BOTTOM = 24.0, 76.0, 44.0
_SIGN = 7.4  # the width of one
_LABEL = 30
_LEAST_WIDTH, _LEAST_PICTURE = 104.0, 640.0
_SWEEPS = 12


@dataclass(frozen=True)
class Node:
    """One box: a call, or calls that are folded.

    Attributes:
        label: What it says.
        note: What it says below, in small print.
        title: What a pointer that rests on it is told.
        status: The state that matters most.
        count: How many calls it stands for.
        x: Left edge.
        y: Upper edge.
        width: How wide it is.
    """

    label: str
    note: str
    title: str
    status: str
    count: int
    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Edge:
    """A line from one box to another.

    Attributes:
        points: Where it passes, from left to right.
        back: Whether it leads back, as in a loop.
    """

    points: tuple[tuple[float, float], ...]
    back: bool = False


@dataclass(frozen=True)
class Graph:
    """A lineage, ready to be drawn."""

    course: Course
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float


# -- folding ----------------------------------------------------------------------------------------------------------


def fold(calls: Sequence[Call], *, whole: bool = False) -> tuple[list[Family], set[tuple[int, int]]]:
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
    families, edges = _folded(calls, groups)
    layers = _layers(len(families), edges)
    depth = max(layers) + 1
    names = [groups[family.calls[0].name] for family in families]
    columns: dict[int, list[int]] = {}
    for number in sorted(range(len(families)), key=lambda number: families[number].start - families[number].end):
        columns.setdefault(layers[number] * min(depth, _MOST_BOXES) // depth, []).append(number)
    room = _MOST_BOXES // depth
    crowd = {names[number]: column for column, numbers in columns.items() for number in numbers[room:]}
    return {name: f"\1{crowd[group]}" if group in crowd else group for name, group in groups.items()}


def _folded(calls: Sequence[Call], groups: Mapping[str, str]) -> tuple[list[Family], set[tuple[int, int]]]:
    members: dict[str, list[Call]] = {}
    for call in calls:
        members.setdefault(groups[call.name], []).append(call)
    numbers = {group: number for number, group in enumerate(members)}
    families = [Family(_label(own), tuple(own)) for own in members.values()]
    edges = {
        (numbers[groups[parent]], numbers[groups[call.name]])
        for call in calls
        for parent in call.parents
        if parent in groups and groups[parent] != groups[call.name]
    }
    return families, edges


def _label(calls: Sequence[Call]) -> str:
    if len(calls) == 1:
        return calls[0].name
    same = len({call.function for call in calls}) == 1
    return f"{calls[0].function} ×{len(calls)}" if same else f"{len(calls)} others"  # noqa: RUF001 - the sign is meant


# -- columns ----------------------------------------------------------------------------------------------------------


def _layers(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Return the column of each box: behind all that it is made from, as far as that started before it."""
    layers = [0] * count
    for start, end in sorted((edge for edge in edges if edge[0] < edge[1]), key=lambda edge: edge[1]):
        layers[end] = max(layers[end], layers[start] + 1)
    return layers


@dataclass
class _Place:
    layer: int
    height: float
    width: float
    y: float = 0.0


class _Columns:
    """Places in columns, and the short edges between them: a long edge takes a place in each column that it passes."""

    def __init__(self, families: Sequence[Family], edges: Iterable[tuple[int, int]]) -> None:
        layers = _layers(len(families), edges)
        self.places = [_Place(layer, HEIGHT, _width(family)) for layer, family in zip(layers, families, strict=True)]
        self.paths: list[list[int]] = []
        self.back: list[tuple[int, int]] = []
        for start, end in sorted(edges):
            if start > end:
                self.back.append((start, end))
            else:
                self.paths.append([start, *self._bends(layers[start], layers[end]), end])
        depth = max(layers, default=0) + 1
        self.columns = [[n for n, place in enumerate(self.places) if place.layer == layer] for layer in range(depth)]
        self.before: dict[int, list[int]] = {}
        self.behind: dict[int, list[int]] = {}
        for path in self.paths:
            for one, other in pairwise(path):
                self.before.setdefault(other, []).append(one)
                self.behind.setdefault(one, []).append(other)
        self._arrange()

    def _bends(self, first: int, last: int) -> list[int]:
        made = []
        for layer in range(first + 1, last):
            self.places.append(_Place(layer, _BEND, 0))
            made.append(len(self.places) - 1)
        return made

    def _arrange(self) -> None:
        for column in self.columns:
            self._stack(column, lambda _: 0.0)
        for sweep in range(_SWEEPS):
            forward = sweep % 2 == 0
            near = self.before if forward else self.behind
            for column in self.columns if forward else reversed(self.columns):
                wanted = {number: self._middle(near.get(number, ()), number) for number in column}
                column.sort(key=wanted.__getitem__)
                self._stack(column, wanted.__getitem__)
        top = min((place.y for place in self.places), default=0.0)
        for place in self.places:
            place.y += _TOP - top

    def _middle(self, near: Sequence[int], number: int) -> float:
        if not near:
            return self.centre(number)
        return sum(self.centre(other) for other in near) / len(near)

    def centre(self, number: int) -> float:
        return self.places[number].y + self.places[number].height / 2

    def _stack(self, column: Sequence[int], wanted: Callable[[int], float]) -> None:
        """Put the places of a column below each other, each as near as may be to where it is wanted."""
        edge = float("-inf")
        moved = 0.0
        for number in column:
            place = self.places[number]
            place.y = max(wanted(number) - place.height / 2, edge)
            edge = place.y + place.height + _ROW_GAP
            moved += self.centre(number) - wanted(number)
        for number in column:
            self.places[number].y -= moved / len(column)


def _width(family: Family) -> float:
    return max(_LEAST_WIDTH, _SIGN * max(len(clipped_name(family.label, _LABEL)), len(_note(family)) * 0.86) + 28)


def _note(family: Family) -> str:
    if len(family.calls) > 1:
        return clipped(family.note or seconds(family.end - family.start), _LABEL)
    call = family.calls[0]
    took = "from the cache" if call.status == "cached" else seconds(call.end - call.start)
    said = [call.status if call.status not in ("completed", "cached") else "", took]
    return " · ".join(filter(None, [*said, f"{len(call.tries)} starts" if len(call.tries) > 1 else ""]))


# -- the picture ------------------------------------------------------------------------------------------------------


def layout(course: Course) -> Graph:
    """Place everything that a picture of the lineage shows."""
    families, edges = fold(course.calls)
    columns = _Columns(families, edges)
    widths = [max((columns.places[number].width for number in column), default=0) for column in columns.columns]
    lefts = _lefts(widths)
    nodes = []
    for number, family in enumerate(families):
        place = columns.places[number]
        names = clipped(", ".join(call.name for call in family.calls), 300)
        title = (
            f"{family.label}\n{_note(family)}\n{names}" if len(family.calls) > 1 else f"{family.label}\n{_note(family)}"
        )
        label = clipped_name(family.label, _LABEL)
        left = lefts[place.layer]
        nodes.append(Node(label, _note(family), title, family.status, len(family.calls), left, place.y, place.width))
    drawn = [_edge(path, columns, lefts, widths) for path in columns.paths]
    drawn += [_back_edge(start, end, nodes) for start, end in columns.back]
    right = max((node.x + node.width for node in nodes), default=0.0)
    bottom = max([place.y + place.height for place in columns.places] + [_TOP])
    room = 40 if columns.back else 0
    return Graph(course, tuple(nodes), tuple(drawn), max(right + _LEFT, _LEAST_PICTURE), bottom + room + _BOTTOM)


def _lefts(widths: Sequence[float]) -> list[float]:
    lefts, edge = [], _LEFT
    for width in widths:
        lefts.append(edge)
        edge += width + _COLUMN_GAP
    return lefts


def _edge(path: Sequence[int], columns: _Columns, lefts: Sequence[float], widths: Sequence[float]) -> Edge:
    points = []
    for position, number in enumerate(path):
        place = columns.places[number]
        left, right = lefts[place.layer], lefts[place.layer] + widths[place.layer]
        y = columns.centre(number)
        if position == 0:
            points.append((left + place.width, y))
        elif position == len(path) - 1:
            points.append((left, y))
        else:
            points += [(left, y), (right, y)]
    return Edge(tuple(points))


def _back_edge(start: int, end: int, nodes: Sequence[Node]) -> Edge:
    one, other = nodes[start], nodes[end]
    below = max(node.y for node in nodes) + HEIGHT + 24
    x1, x2 = one.x + one.width / 2, other.x + other.width / 2
    return Edge(((x1, one.y + HEIGHT), (x1, below), (x2, below), (x2, other.y + HEIGHT)), back=True)
