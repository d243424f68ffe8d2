"""Executions as pictures: the timeline for files, notebooks and terminals, the lineage as text that others draw."""

from __future__ import annotations

from kitaru._core.drawing.pictures import (
    course_of,
    graph_dot,
    graph_mermaid,
    in_notebook,
    timeline_html,
    timeline_svg,
    timeline_text,
)

__all__ = ["course_of", "graph_dot", "graph_mermaid", "in_notebook", "timeline_html", "timeline_svg", "timeline_text"]
