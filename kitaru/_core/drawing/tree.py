"""A lineage as a tree of lines: what was made from what, each below what all its inputs have in common."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


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
    for start, end in sorted(edges, reverse=True):  # near ones first: what two of them have in common is near, too
        parents.setdefault(end, []).append(start)
    tree = _Tree()
    children: dict[int | None, list[int]] = {None: []}
    for number in range(count):
        above = tree.common([parent + 1 for parent in parents.get(number, [])])
        tree.add_below(above)
        children.setdefault(above - 1 if above else None, []).append(number)
    return children


class _Tree:
    """Nodes below a root, which is number 0. What some of them have in common is found in few steps, at any depth.

    For that a node knows one far above itself, at distances as in a binary number, beside the one just above.
    """

    def __init__(self) -> None:
        self._above = [0]
        self._far_above = [0]
        self._depths = [0]

    def add_below(self, above: int) -> None:
        """Add a node; it gets the next number."""
        far = self._far_above[above]
        farther = self._far_above[far]
        equal_leaps = self._depths[above] - self._depths[far] == self._depths[far] - self._depths[farther]
        self._above.append(above)
        self._far_above.append(farther if equal_leaps else above)
        self._depths.append(self._depths[above] + 1)

    def common(self, nodes: Sequence[int]) -> int:
        """Return the last node that all of some are or stand below; the root where there are none."""
        return reduce(self._common, nodes) if nodes else 0

    def _common(self, one: int, other: int) -> int:
        high = min(self._depths[one], self._depths[other])
        one, other = self._at(one, high), self._at(other, high)
        while one != other:
            # Nodes of one depth leap equally far; where both leap to the same node, that may be too far.
            leap = self._far_above if self._far_above[one] != self._far_above[other] else self._above
            one, other = leap[one], leap[other]
        return one

    def _at(self, node: int, depth: int) -> int:
        while self._depths[node] > depth:
            far = self._far_above[node]
            node = far if self._depths[far] >= depth else self._above[node]
        return node
