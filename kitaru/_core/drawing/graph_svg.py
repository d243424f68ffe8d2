"""The lineage of an execution as one SVG, which needs no other file, font or script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru._core.drawing.graph import HEIGHT, layout
from kitaru._core.drawing.svg import COLOURS, document, header, legend, number, text, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru._core.drawing.course import Course
    from kitaru._core.drawing.graph import Edge, Node

_LEGEND = {"completed": "completed", "cached": "from the cache", "failed": "failed", "running": "running"}


def graph_svg(course: Course) -> str:
    """Return the lineage of an execution as SVG: what was made from what."""
    graph = layout(course)
    parts = [*header(course), *map(_edge, graph.edges)]
    for node in graph.nodes:
        parts += _node(node)
    if not graph.nodes:
        parts.append(text(24, 90, "No checkpoint has started yet.", "kt-small"))
    parts += legend(_LEGEND, graph.height - 14)
    return document(f"Lineage of {course.title}", graph.width, graph.height, parts)


def _edge(edge: Edge) -> str:
    (x, y), *others = edge.points
    if edge.back:
        path = f"M{number(x)} {number(y)}" + "".join(f"L{number(a)} {number(b)}" for a, b in others)
        return f'<path class="kt-back-edge" d="{path}"/>'
    path = f"M{number(x)} {number(y)}"
    for a, b in others:
        middle = number((x + a) / 2)
        path += f"C{middle} {number(y)} {middle} {number(b)} {number(a)} {number(b)}"
        x, y = a, b
    tip = f"M{number(x - 6)} {number(y - 3.5)}L{number(x)} {number(y)}L{number(x - 6)} {number(y + 3.5)}"
    return f'<path class="kt-edge" d="{path}{tip}"/>'


def _node(node: Node) -> Iterator[str]:
    kind = node.status if node.status in COLOURS else "pending"
    size = f'width="{number(node.width)}" height="{number(HEIGHT)}" rx="6"'
    if node.count > 1:
        for shift in (6, 3):
            place = f'x="{number(node.x + shift)}" y="{number(node.y - shift)}"'
            yield f'<rect class="kt-stack kt-on-{kind}" {place} {size}/>'
    place = f'x="{number(node.x)}" y="{number(node.y)}"'
    yield f'<rect class="kt-node kt-on-{kind}" {place} {size}>{title(node.title)}</rect>'
    bar = f'x="{number(node.x + 5)}" y="{number(node.y + 7)}" width="4" height="{number(HEIGHT - 14)}" rx="2"'
    yield f'<rect class="kt-{kind}" {bar}/>'
    yield text(node.x + 16, node.y + 18, node.label, "kt-label")
    yield text(node.x + 16, node.y + 33, node.note, "kt-small")
