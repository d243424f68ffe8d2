"""A timeline as one SVG, which needs no other file, font or script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru._core.drawing.svg import COLOURS, document, header, legend, number, text, title
from kitaru._core.drawing.timeline import RIGHT, TOP, WIDTH, layout
from kitaru._core.drawing.trace import clipped, clipped_name, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru._core.drawing.timeline import Bar, Row, Timeline
    from kitaru._core.drawing.trace import Trace

_LABEL, _NOTE, _AFTER = 27, 34, 22  # signs that fit
_OUTLINED = 4.0  # a narrower bar would be all outline
_TEAR = 7.0
_ATTEMPT = 62.0  # the width of an attempt's label
_DIAMONDS = 14.0  # up to this width a cached call is a diamond
_LEGEND = {
    "completed": "completed",
    "cached": "from the cache",
    "failed": "failed",
    "running": "running",
    "wait": "waits for an answer",
    "critical": "critical path",
}


def timeline_svg(trace: Trace) -> str:
    """Return the timeline of an execution as SVG."""
    timeline = layout(trace)
    parts = [*header(trace), *_axis(timeline), *_links(timeline)]
    for row in timeline.rows:
        parts += _row(row)
    parts += _breaks(timeline)
    for row in timeline.rows:
        parts += _beside(row)
    parts += _path(timeline)
    parts += legend(_LEGEND, timeline.height - 14)
    return document(f"Timeline of {trace.title}", timeline.width, timeline.height, parts)


def _axis(timeline: Timeline) -> Iterator[str]:
    bottom = timeline.height - 40
    for x, label in timeline.ticks:
        yield f'<line class="kt-grid" x1="{number(x)}" y1="{TOP - 14}" x2="{number(x)}" y2="{number(bottom)}"/>'
        yield text(x, TOP - 20, label, "kt-small", anchor="middle")
    edge = 0.0
    for count, x in enumerate(timeline.attempts, 2):
        yield f'<line class="kt-attempt" x1="{number(x)}" y1="{TOP - 14}" x2="{number(x)}" y2="{number(bottom)}"/>'
        if x >= edge:  # several at one place are named by the first of them
            yield text(x + 3, bottom + 1, f"attempt {count}", "kt-small kt-failed-text")
            edge = x + _ATTEMPT


def _breaks(timeline: Timeline) -> Iterator[str]:
    """Yield a tear through the picture for each pause that is cut short."""
    steps = range(int((timeline.height - 40 - TOP + 14) / _TEAR) + 1)
    for x, hint in timeline.breaks:
        points = " ".join(f"{number(x + (3 if step % 2 else -3))},{number(TOP - 14 + step * _TEAR)}" for step in steps)
        yield f'<g class="kt-tear"><polyline points="{points}"/><polyline points="{points}"/>{title(hint)}</g>'


def _row(row: Row) -> Iterator[str]:
    yield text(
        12,
        row.y + 12,
        clipped_name(row.label, _LABEL),
        "kt-critical-text" if row.critical else "kt-label",
        hint=row.label,
    )
    if row.note and not row.after:
        yield text(12, row.y + 26, clipped(row.note, _NOTE), "kt-small", hint=row.note)
    if row.area:
        points = " ".join(f"{number(x)},{number(y)}" for x, y in row.area)
        yield f'<polygon class="kt-area" points="{points}">{title(f"{row.most} at once at most")}</polygon>'
        yield text(WIDTH - RIGHT + 6, row.y + 12, f"up to {row.most}", "kt-small")
    for bar in row.bars:
        yield _bar(bar)


def _beside(row: Row) -> Iterator[str]:
    """Yield what stands behind the only bar; a tear that it crosses leaves it readable."""
    if row.after and row.bars:
        last = row.bars[-1]
        yield text(last.x + last.width + 6, row.y + 12, clipped(row.after, _AFTER), "kt-small kt-over")


def _bar(bar: Bar) -> str:
    critical = " kt-critical" if bar.critical and bar.width >= _OUTLINED else ""
    hint = title(bar.title)
    if bar.kind == "cached" and bar.width < _DIAMONDS:
        half, middle = bar.width / 2, bar.y + bar.height / 2
        tall = min(half, bar.height / 2)
        x = bar.x + half
        points = ((x, middle - tall), (x + half, middle), (x, middle + tall), (x - half, middle))
        drawn = " ".join(f"{number(a)},{number(b)}" for a, b in points)
        return f'<polygon class="kt-cached{critical}" points="{drawn}">{hint}</polygon>'
    kind = bar.kind if bar.kind in COLOURS else "pending"
    place = f'x="{number(bar.x)}" y="{number(bar.y)}" width="{number(bar.width)}" height="{number(bar.height)}"'
    return f'<rect class="kt-{kind}{critical}" {place} rx="{number(min(3, bar.width / 3))}">{hint}</rect>'


def _links(timeline: Timeline) -> Iterator[str]:
    for x1, y1, x2, y2 in timeline.links:
        path = f"M{number(x1)} {number(y1)}V{number(y2)}H{number(x2)}"
        yield f'<path class="kt-link" d="{path}"/>'


def _path(timeline: Timeline) -> Iterator[str]:
    calls = {call.name: call.end - call.start for call in timeline.trace.calls}
    waits = {wait.name: wait.end - wait.start for wait in timeline.trace.waits}
    spans = {**calls, **waits}
    took = sum(spans[name] for name in timeline.path)
    if timeline.path:
        said = f"critical path: {len(timeline.path)} of {len(calls) + len(waits)}, {seconds(took)}"
        yield text(WIDTH - 12, timeline.height - 10, said, "kt-small", anchor="end")
