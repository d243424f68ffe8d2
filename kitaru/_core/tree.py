"""A lineage as a tree of lines: what was made from what, each below what all its inputs have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def tree_lines(count: int, edges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """Yield the numbers of the nodes in the order of their lines, and what stands before each name.

    A node stands below the last one that all paths to it lead through: what joins a fan-out beside its branches. One
    that follows another alone stands below it without indentation, so that a loop of 300 calls stays a list.

    Args:
        count: How many nodes there are.
        edges: From lower to higher numbers; others lead back and are left out.
    """
    children = _children(count, [edge for edge in edges if edge[0] < edge[1]])
    # What is still to be written: a node, what stands before it, and what before all that is below it.
    stack = [(number, "", "") for number in reversed(children[None])]
    while stack:
        number, before, below = stack.pop()
        yield number, before
        own = children.get(number, [])
        if len(own) == 1:
            stack.append((own[0], below, below))
            continue
        for child in reversed(own):
            last = child == own[-1]
            stack.append((child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")))


def _children(count: int, edges: Iterable[tuple[int, int]]) -> dict[int | None, list[int]]:
    parents: dict[int, list[int]] = {}
    for start, end in sorted(edges):
        parents.setdefault(end, []).append(start)
    above: dict[int, int | None] = {}
    depths: dict[int | None, int] = {None: 0}
    children: dict[int | None, list[int]] = {None: []}
    for number in range(count):
        found: int | None = None
        for position, parent in enumerate(parents.get(number, [])):
            found = parent if position == 0 else _common(found, parent, above, depths)
        above[number] = found
        depths[number] = depths[found] + 1
        children.setdefault(found, []).append(number)
    return children


def _common(
    one: int | None, other: int | None, above: dict[int, int | None], depths: dict[int | None, int]
) -> int | None:
    while one != other:
        if one is not None and depths[one] >= depths[other]:
            one = above[one]
        elif other is not None:
            other = above[other]
    return one
