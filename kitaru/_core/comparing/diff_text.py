"""The difference of two executions as a page of text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from kitaru._core.drawing.trace import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Diff = dict[str, Any]

# What becomes of a call or a value, in words.
WORDS = {
    "equal": "equal",
    "changed": "changed",
    "only_a": "only in A",
    "only_b": "only in B",
    "unknown": "cannot be compared here",
}


def page(diff: Diff) -> str:
    """Return the difference as text: who A and B are, what changed, and what is equal in a line."""
    return "\n\n".join(section for section in _sections(diff) if section)


def _sections(diff: Diff) -> Iterator[str]:
    yield "\n".join(_header(side, diff) for side in ("a", "b"))
    yield _block("Inputs", diff["inputs"])
    changed = [call for call in diff["checkpoints"] if call["change"] != "equal"]
    yield from (_checkpoint(call) for call in changed)
    yield _block("Saved by the flow", diff["values"])
    yield _block("Metadata of the flow", diff["metadata"])
    yield _block("Result", [diff["result"]] if diff["result"] else [])
    if diff["changed_code"]:
        yield f"Reused in B though its code has changed: {', '.join(diff['changed_code'])}"
    yield _equal(diff, changed)


def _header(side: str, diff: Diff) -> str:
    summary = diff[side]
    failure = diff[f"failure_{side}"]
    parts = [summary["flow_name"], summary["status"], length(summary)]
    return (
        f"{side.upper()}  {summary['exec_id']}  {'  '.join(filter(None, parts))}{f'  ({failure})' if failure else ''}"
    )


def length(summary: Mapping[str, Any]) -> str:
    """Return how long an execution took; nothing where it has not ended."""
    from datetime import datetime

    if not summary["started_at"] or not summary["ended_at"]:
        return ""
    start, end = (datetime.fromisoformat(summary[key]) for key in ("started_at", "ended_at"))
    return seconds((end - start).total_seconds())


def _checkpoint(call: Diff) -> str:
    statuses = [call["status_a"] or "absent", call["status_b"] or "absent"]
    status = statuses[0] if statuses[0] == statuses[1] else " → ".join(statuses)
    times = [seconds(took) if took is not None else "-" for took in (call["seconds_a"], call["seconds_b"])]
    note = f", {call['replay']} in the replay" if call["replay"] else ""
    title = f"Checkpoint {call['name']}: {WORDS[call['change']]} ({status}, {' → '.join(times)}{note})"
    lines = [*value_lines(call["values"]), *value_lines(call["metadata"], "metadata ")]
    return "\n".join([title, *(textwrap.indent(line, "  ") for line in lines)])


def value_lines(values: Sequence[Diff], label: str = "") -> Iterator[str]:
    """Yield the values that are not equal, each with its difference below."""
    for value in values:
        if value["change"] == "equal":
            continue
        shown = {"only_a": value["a"], "only_b": value["b"]}.get(value["change"])
        yield f"{label}{value['name']}: {WORDS[value['change']]}{f': {shown}' if shown is not None else ''}"
        yield from (f"  {line}" for line in value["lines"])


def _block(title: str, values: Sequence[Diff]) -> str:
    lines = list(value_lines(values))
    return "\n".join([title, *(f"  {line}" for line in lines)]) if lines else ""


def _equal(diff: Diff, changed: Sequence[Diff]) -> str:
    if not diff["changed"]:
        return "Nothing is different but ids, moments and durations."
    same = [call["name"] for call in diff["checkpoints"] if call not in changed]
    return f"Equal checkpoints: {', '.join(same)}" if same else ""
