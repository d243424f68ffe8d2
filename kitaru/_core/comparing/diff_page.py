"""The difference of two executions as one page of HTML, which needs no other file and runs no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from kitaru._core.comparing.diff_text import WORDS, length
from kitaru._core.drawing.trace import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Diff = dict[str, Any]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1c2733; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; vertical-align: top; }
tr { border-bottom: 1px solid #dde3ea; } code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { background: #f5f7fa; padding: .6rem; overflow-x: auto; margin: .3rem 0; }
pre span { display: block; min-height: 1.2em; } .gone { background: #fde7e7; } .new { background: #e2f5e6; }
.place { color: #5a6b7d; } .change { font-weight: 600; } .changed, .only_a, .only_b { color: #a04a00; }
.equal { color: #22703a; } .unknown { color: #5a6b7d; }
@media (prefers-color-scheme: dark) { body { background: #14191f; color: #dde3ea; } pre { background: #1d252e; }
.gone { background: #4a2326; } .new { background: #1d3f2a; } tr { border-color: #2c3743; }
.changed, .only_a, .only_b { color: #ffb37a; } .equal { color: #7fd79b; } }
"""


def page(diff: Diff) -> str:
    """Return the difference as a page of HTML."""
    a, b = diff["a"], diff["b"]
    title = f"{a['flow_name']}: {a['exec_id'][:8]} and {b['exec_id'][:8]}"
    body = "\n".join(_sections(diff, title))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _sections(diff: Diff, title: str) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1>"
    if not diff["changed"]:
        yield '<p class="equal change">Nothing is different but ids, moments and durations.</p>'
    yield _table(
        ("", "execution", "status", "duration", "failure"),
        [_side(side, diff) for side in ("a", "b")],
    )
    yield _values("Inputs", "inputs", diff["inputs"])
    yield '<h2>Checkpoints</h2>\n<table id="checkpoints">'
    yield "<tr><th>call</th><th>change</th><th>A</th><th>B</th><th>replay</th></tr>"
    yield from (_row(call) for call in diff["checkpoints"])
    yield "</table>"
    for call in diff["checkpoints"]:
        if call["change"] != "equal":
            yield _values(f"Checkpoint {call['name']}", f"checkpoint-{call['name']}", call["values"])
            yield _values(f"Metadata of {call['name']}", f"metadata-{call['name']}", call["metadata"])
    yield _values("Saved by the flow", "values", diff["values"])
    yield _values("Metadata of the flow", "metadata", diff["metadata"])
    yield _values("Result", "result", [diff["result"]] if diff["result"] else [])
    if diff["changed_code"]:
        yield f"<p>Reused in B though its code has changed: {escape(', '.join(diff['changed_code']))}</p>"


def _side(side: str, diff: Diff) -> list[str]:
    shown = [side.upper(), diff[side]["exec_id"], diff[side]["status"], length(diff[side])]
    return [escape(part) for part in [*shown, diff[f"failure_{side}"] or ""]]


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["".join(f"<th>{escape(header)}</th>" for header in headers)]
    lines += ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    return "\n".join(["<table>", *(f"<tr>{line}</tr>" for line in lines), "</table>"])


def _row(call: Diff) -> str:
    ends = [
        f"{call[f'status_{side}'] or 'absent'}"
        + (f", {seconds(call[f'seconds_{side}'])}" if call[f"seconds_{side}"] is not None else "")
        for side in ("a", "b")
    ]
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in [*ends, call["replay"] or ""])
    name = f"<code>{escape(call['name'])}</code>"
    return f'<tr data-call="{escape(call["name"])}"><td>{name}</td><td>{_word(call["change"])}</td>{cells}</tr>'


def _word(change: str) -> str:
    return f'<span class="change {change}">{WORDS[change]}</span>'


def _values(title: str, name: str, values: Sequence[Diff]) -> str:
    different = [value for value in values if value["change"] != "equal"]
    if not different:
        return ""
    parts = [f'<section id="{escape(name)}">', f"<h2>{escape(title)}</h2>"]
    for value in different:
        parts.append(f"<p><code>{escape(value['name'])}</code> {_word(value['change'])}</p>")
        shown = [part for part in (value["a"], value["b"]) if part is not None]
        lines = value["lines"] or (shown if value["change"] in ("only_a", "only_b") else [])
        if lines:
            parts.append(f"<pre>{''.join(_line(line) for line in lines)}</pre>")
    return "\n".join([*parts, "</section>"])


def _line(line: str) -> str:
    kind = {"-": "gone", "+": "new", "@": "place"}.get(line.lstrip(" ")[:1], "")
    return f'<span class="{kind}">{escape(line)}</span>' if kind else f"<span>{escape(line)}</span>"
