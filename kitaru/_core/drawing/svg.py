"""What Kitaru's pictures have in common: their frame, colours, escaped text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from kitaru._core.drawing.trace import clipped, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kitaru._core.drawing.trace import Trace

COLOURS: Final = {
    "completed": "#3f9d6b",
    "cached": "#7aa7e0",
    "failed": "#d9483b",
    "running": "#2f7fd1",
    "wait": "#e9b949",
    "cancelled": "#8f6fb3",
    "skipped": "#aab4bf",
    "pending": "#aab4bf",
}
"""The colour of each state; ``"wait"`` is what waits for an answer."""
_STATUS_COLOURS: Final = {**COLOURS, "waiting": "#b98600"}

# All names begin with kt-, for in a notebook the style holds for the whole page.
_STYLE: Final = """
.kt-svg{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}
.kt-back{fill:#fff}.kt-title{font-size:16px;font-weight:600;fill:#1c2733}.kt-label{fill:#1c2733}
.kt-small{font-size:11px;fill:#5b6b7b}.kt-over{paint-order:stroke;stroke:#fff;stroke-width:4px}
.kt-grid{stroke:#e4e9ee;stroke-width:1}
.kt-attempt{stroke:#d9483b;stroke-width:1;stroke-dasharray:3 3}.kt-failed-text{fill:#c23a2e}
.kt-critical{stroke:#1c2733;stroke-width:1.4}.kt-critical-text{fill:#1c2733;font-weight:700}
.kt-link{fill:none;stroke:#1c2733;stroke-width:1.2;stroke-opacity:.65}
.kt-tear polyline{fill:none;stroke:#8896a5;stroke-width:7}.kt-tear polyline+polyline{stroke:#fff;stroke-width:5}
.kt-area{fill:#3f9d6b;fill-opacity:.6}
"""


def number(value: float) -> str:
    """Return a coordinate without needless digits."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def printable(words: str) -> str:
    """Return text as it may stand in XML, which has no form for control characters."""
    return escape(
        "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in words)
    )


def title(words: str) -> str:
    """Return what a pointer that rests on the element around it is told."""
    return f"<title>{printable(words)}</title>"


def text(x: float, y: float, words: str, style: str, *, hint: str = "", anchor: str = "start") -> str:
    """Return a line of text.

    Args:
        x: Where it begins, ends or has its middle.
        y: Its base line.
        words: The text, not escaped.
        style: Its classes.
        hint: The whole of it, where it is cut.
        anchor: ``"start"``, ``"middle"`` or ``"end"``.
    """
    more = title(hint) if hint and hint != words else ""
    place = f'x="{number(x)}" y="{number(y)}"' + (f' text-anchor="{anchor}"' if anchor != "start" else "")
    return f'<text class="{style}" {place}>{printable(words)}{more}</text>'


def header(trace: Trace) -> Iterator[str]:
    """Yield the title and a line of facts."""
    fill = _STATUS_COLOURS.get(trace.status, "#5b6b7b")
    yield f'<circle cx="19" cy="23" r="6" fill="{fill}"/>'
    yield text(32, 28, clipped(trace.title, 80), "kt-title", hint=trace.title)
    cached = sum(call.status == "cached" for call in trace.calls)
    again = sum(len(call.attempts) > 1 for call in trace.calls)
    facts = [
        trace.status,
        seconds(trace.length),
        f"{len(trace.calls)} checkpoint{'s' if len(trace.calls) != 1 else ''}",
        f"{cached} from the cache" if cached else "",
        f"{again} retried" if again else "",
        f"{len(trace.attempts)} attempts" if len(trace.attempts) > 1 else "",
        trace.exec_id,
    ]
    yield text(32, 46, " · ".join(filter(None, facts)), "kt-small")


def legend(entries: Mapping[str, str], y: float) -> Iterator[str]:
    """Yield what the colours mean, in a line."""
    x = 14.0
    for kind, words in entries.items():
        fill = COLOURS.get(kind, "none")
        stroke = "" if kind in COLOURS else ' stroke="#1c2733" stroke-width="1.6"'
        yield f'<rect x="{number(x)}" y="{number(y - 5)}" width="11" height="11" rx="2" fill="{fill}"{stroke}/>'
        yield text(x + 16, y + 4, words, "kt-small")
        x += 34 + 6.2 * len(words)


def document(name: str, width: float, height: float, parts: Iterable[str]) -> str:
    """Return a whole SVG document.

    Args:
        name: What it shows, for those who do not see it.
        width: In pixels.
        height: In pixels.
        parts: Elements.
    """
    fills = "".join(f".kt-{kind}{{fill:{fill}}}" for kind, fill in COLOURS.items())
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kt-svg" width="{number(width)}" height="{number(height)}" '
        f'viewBox="0 0 {number(width)} {number(height)}" role="img" aria-label="{printable(name)}">\n'
        f"<style>{_STYLE}{fills}</style>\n"
        f'<rect class="kt-back" width="{number(width)}" height="{number(height)}"/>\n{body}\n</svg>\n'
    )


def page(name: str, svg: str) -> str:
    """Return an SVG as a page of HTML."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{printable(name)}</title>\n'
        "<style>body{margin:1rem;background:#fff}svg{max-width:100%;height:auto}</style>\n"
        f"</head>\n<body>\n{svg}</body>\n</html>\n"
    )
