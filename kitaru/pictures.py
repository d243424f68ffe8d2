"""Executions as pictures: the timeline for files, notebooks and terminals, the lineage as text that others draw."""

from __future__ import annotations

from kitaru._core.drawing.pictures import (
    graph_dot,
    graph_mermaid,
    in_notebook,
    timeline_html,
    timeline_svg,
    timeline_text,
    trace_of,
)

__all__ = ["graph_dot", "graph_mermaid", "in_notebook", "timeline_html", "timeline_svg", "timeline_text", "trace_of"]
