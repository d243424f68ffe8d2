"""The lineage of an execution as text that others draw: Mermaid, and DOT for Graphviz."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from kitaru._core.drawing.graph import by_order, fold
from kitaru._core.drawing.svg import COLOURS
from kitaru._core.drawing.trace import clipped, clipped_name, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kitaru._core.drawing.trace import Group, Trace

_LENGTH = 60  # characters of a line in a box; Mermaid refuses texts of more than 50,000
_MERMAIDS_EDGES = 500  # it refuses more, unless the page that draws them is set up otherwise
_NOTHING = "No checkpoint has started yet."
# What cannot mean anything to Mermaid or to the Markdown in its labels: letters, digits, and marks within a word.
_MEANS_ITSELF = re.compile(r"(?<=[^\W_])[._-](?=[^\W_])|[^\W_]|[ ×·…]")  # noqa: RUF001 - the sign is meant
# What means something to it even when written by numbers: a new line, a formula, its own form of numbers.
_DECODED = re.compile(r"(?<=\\)(?=n)|(?<=\$)(?=\$)|(?<=ﬂ)(?=°)|(?<=¶)(?=ß)")


def mermaid(trace: Trace) -> str:
    """Return the lineage of an execution as a flowchart of Mermaid."""
    groups, edges = fold(trace.calls)
    drawn = _few(edges) if len(edges) > _MERMAIDS_EDGES else edges
    order = by_order(groups, edges)
    # The title stands on a box around all: what Mermaid calls a title is cleaned of what looks like HTML.
    lines = ["flowchart LR", f'    subgraph lineage["{_mermaid_text(_title(trace))}"]', "    direction LR"]
    lines += [f"    n{number}{_mermaid_box(group)}" for number, group in enumerate(groups)]
    lines += [f"    n{edge[0]} {_mermaid_arrow(edge, edge in order)} n{edge[1]}" for edge in sorted(drawn)]
    if not groups:
        lines.append(f'    nothing["{_mermaid_text(_NOTHING)}"]')
    lines += ["    end", *_mermaid_colours(groups)]
    if len(drawn) < len(edges):
        lines.append(f"    %% {len(edges) - len(drawn)} arrows are left out: others lead the same way.")
    return "\n".join(lines) + "\n"


def dot(trace: Trace) -> str:
    """Return the lineage of an execution in DOT, the language of Graphviz."""
    groups, edges = fold(trace.calls)
    lines = ["digraph {", f'    graph [rankdir=LR, labelloc=t, label="{_dot_text(_title(trace))}"]']
    lines.append('    node [shape=box, style=rounded, fontname="sans-serif"]')
    lines += [f"    n{number} {_dot_box(group)}" for number, group in enumerate(groups)]
    order = by_order(groups, edges)
    lines += [f"    n{edge[0]} -> n{edge[1]}{_dot_style(edge, edge in order)}" for edge in sorted(edges)]
    if not groups:
        lines.append(f'    nothing [label="{_dot_text(_NOTHING)}"]')
    return "\n".join([*lines, "}"]) + "\n"


# -- what both say ----------------------------------------------------------------------------------------------------


def _title(trace: Trace) -> str:
    return f"{clipped(trace.title, _LENGTH)} · {trace.status} · {clipped(trace.exec_id, _LENGTH)}"


def _label(group: Group) -> tuple[str, str]:
    """Return the two lines of a box: which calls these are, and how they went."""
    return clipped_name(group.label, _LENGTH), clipped(_note(group), _LENGTH)


def _note(group: Group) -> str:
    if len(group.calls) > 1:
        return group.note or seconds(group.end - group.start)
    call = group.calls[0]
    took = "from the cache" if call.status == "cached" else seconds(call.end - call.start)
    said = [call.status if call.status not in ("completed", "cached") else "", took]
    return " · ".join(filter(None, [*said, f"{len(call.attempts)} starts" if len(call.attempts) > 1 else ""]))


def _kind(group: Group) -> str:
    return group.status if group.status in COLOURS else "pending"


def _printable(words: str) -> str:
    """Return words without control characters and halves of characters, which no file of text can hold."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)


def _few(edges: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Leave out each edge beside which others lead from its start to its end."""
    behind: dict[int, set[int]] = defaultdict(set)  # all that is made from a box, at any distance
    kept = {edge for edge in edges if edge[0] > edge[1]}
    for start, end in sorted(edges - kept, key=lambda edge: (-edge[0], edge[1])):
        if end not in behind[start]:  # what stands nearer was looked at before, with all that is behind it
            kept.add((start, end))
            behind[start] |= {end, *behind[end]}
    return kept


# -- Mermaid ----------------------------------------------------------------------------------------------------------


def _mermaid_box(group: Group) -> str:
    name, note = map(_mermaid_text, _label(group))
    left, right = ("[[", "]]") if len(group.calls) > 1 else ("[", "]")
    return f'{left}"{name}<br/>{note}"{right}'


def _mermaid_arrow(edge: tuple[int, int], is_order: bool) -> str:
    if edge[0] > edge[1]:  # it leads back, as in a loop
        return "-.->"
    return "-. then .->" if is_order else "-->"


def _mermaid_text(words: str) -> str:
    """Return words in which nothing means anything to Mermaid, to Markdown or to HTML: by number, as ``#34;``."""
    text = _DECODED.sub("\N{ZERO WIDTH SPACE}", _printable(words))
    plain = {match.start() for match in _MEANS_ITSELF.finditer(text)}
    return "".join(sign if place in plain else f"#{ord(sign)};" for place, sign in enumerate(text))


def _mermaid_colours(groups: Sequence[Group]) -> Iterator[str]:
    members: dict[str, list[str]] = {}
    for number, group in enumerate(groups):
        members.setdefault(_kind(group), []).append(f"n{number}")
    for kind, names in members.items():
        yield f"    classDef {kind} stroke:{COLOURS[kind]},stroke-width:2px"
        yield f"    class {','.join(names)} {kind}"


# -- DOT --------------------------------------------------------------------------------------------------------------


def _dot_box(group: Group) -> str:
    label = "\\n".join(map(_dot_text, _label(group)))
    several = ", peripheries=2" if len(group.calls) > 1 else ""
    return f'[label="{label}", color="{COLOURS[_kind(group)]}"{several}]'


def _dot_style(edge: tuple[int, int], is_order: bool) -> str:
    if edge[0] > edge[1]:  # it leads back, as in a loop
        return " [style=dashed, constraint=false]"
    return ' [style=dotted, label="then"]' if is_order else ""


def _dot_text(words: str) -> str:
    """Return words as they stand in a quoted label, where a backslash and an HTML entity would mean something."""
    return _printable(words).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
