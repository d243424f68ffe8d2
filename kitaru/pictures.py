"""Executions as pictures: the timeline and the lineage, for files, notebooks and terminals."""

from __future__ import annotations

from kitaru._core.drawing.pictures import course_of, graph_svg, in_notebook, timeline_html, timeline_svg, timeline_text

__all__ = ["course_of", "graph_svg", "in_notebook", "timeline_html", "timeline_svg", "timeline_text"]
