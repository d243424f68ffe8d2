"""A timeline for a terminal: a line for each checkpoint, a bar of signs that tell the states apart without colours."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from kitaru._core.drawing.scale import Scale
from kitaru._core.drawing.trace import Group, clipped, clipped_name, critical_path, groups_of, seconds, weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kitaru._core.drawing.trace import Call, Trace, Wait

_SIGNS: Final = {
    "completed": "█",
    "cached": "◆",
    "failed": "×",  # noqa: RUF001 - the sign is meant
    "running": "▒",
    "waiting": "░",
    "cancelled": "┄",
    "skipped": "┄",
    "pending": "·",
}
_CUT: Final = "≈"
_HEIGHTS: Final = "▁▂▃▄▅▆▇█"
_LEGEND: Final = ("completed", "cached", "failed", "running", "waiting")
_GROUPS: Final = 30
_LEAST_FIELD: Final = 16
_LABEL: Final = 26
_AFTER: Final = 14
_STEPS: Final = 10


def timeline_lines(trace: Trace, width: int, colour: Callable[[str, str], str]) -> Iterator[str]:
    """Yield the lines of a timeline.

    Args:
        trace: What it shows.
        width: Line width in characters.
        colour: Colours a text as a state: ``colour("text", "failed")``.
    """
    path = critical_path(trace)
    groups = groups_of(trace.calls, _GROUPS)
    labels = [clipped_name(group.label, _LABEL) for group in groups] + ["waits"] * bool(trace.waits)
    label = max(map(len, labels), default=0)
    most = max(_AFTER, width // 4)
    beside = min(max([_AFTER, *(len(_after(group)) for group in groups)]), most)
    field = max(width - label - beside - 6, _LEAST_FIELD)
    draw = _Drawing(trace, field, set(path), colour)
    yield f"{' ' * (label + 4)}{draw.axis()}"
    rows: list[tuple[float, str, str, str]] = [
        (
            inf if group.rest else group.start,
            clipped_name(group.label, _LABEL),
            draw.group(group),
            clipped(_after(group), beside),
        )
        for group in groups
    ]
    critical = {clipped_name(group.label, _LABEL) for group in groups if any(call.name in path for call in group.calls)}
    if trace.waits:
        took = seconds(sum(wait.end - wait.start for wait in trace.waits))
        rows.append((trace.waits[0].start, "waits", draw.waits(trace.waits), took))
        critical |= {"waits"} if any(wait.name in path for wait in trace.waits) else set()
    for _, name, bar, after in sorted(rows, key=lambda row: row[0]):
        yield f"{'▸' if name in critical else ' '} {name:{label}}  {bar} {after}".rstrip()
    yield ""
    yield "  ".join([*(f"{colour(_SIGNS[status], status)} {status}" for status in _LEGEND), "▸ on the critical path"])
    yield from _path(trace, path, width)


class _Drawing:
    def __init__(self, trace: Trace, field: int, path: set[str], colour: Callable[[str, str], str]) -> None:
        self._scale = Scale(trace)
        self._field = field
        self._path = path
        self._colour = colour

    def axis(self) -> str:
        middle, end = seconds(self._scale.moment(0.5)), seconds(self._scale.length)
        if self._scale.cuts:
            middle = _CUT if self._scale.is_cut(self._scale.moment(0.5)) else middle if middle != end else ""
        left = "0".ljust(max(self._field // 2 - len(middle) // 2, 1)) + middle
        return left + end.rjust(max(self._field - len(left), len(end) + 1))

    def group(self, group: Group) -> str:
        if len(group.calls) == 1:
            return self._cells(self._single(group.calls[0]))
        return self._cells(self._many(group.calls))

    def waits(self, waits: Sequence[Wait]) -> str:
        cells: list[tuple[str, str]] = [(" ", "")] * self._field
        for wait in waits:
            for column in self._columns(wait.start, wait.end):
                cells[column] = (_SIGNS["waiting"], "waiting")
        for start, end in self._scale.cuts:
            cells[self._columns((start + end) / 2, end)[0]] = (_CUT, "waiting")
        return self._cells(cells)

    def _single(self, call: Call) -> list[tuple[str, str]]:
        cells: list[tuple[str, str]] = [(" ", "")] * self._field
        for one in call.attempts:
            for column in self._columns(one.start, one.end):
                if not cells[column][1] or weight(one.status) < weight(cells[column][1]):
                    cells[column] = (_SIGNS.get(one.status, "·"), one.status)
        return cells

    def _many(self, calls: Sequence[Call]) -> list[tuple[str, str]]:
        """Draw how many ran at once, each column in the state that matters most."""
        numbers = [0] * self._field
        states = [""] * self._field
        for call in calls:
            for one in call.attempts:
                for column in self._columns(one.start, one.end):
                    numbers[column] += 1
                    if not states[column] or weight(one.status) < weight(states[column]):
                        states[column] = one.status
        most = max(numbers) or 1
        top = len(_HEIGHTS) - 1
        signs = [_HEIGHTS[round(top * number / most)] if number else " " for number in numbers]
        return list(zip(signs, states, strict=True))

    def _columns(self, start: float, end: float) -> range:
        first = min(int(self._field * self._scale.share(start)), self._field - 1)
        last = min(int(self._field * self._scale.share(end)), self._field - 1)
        return range(first, max(last, first + 1))

    def _cells(self, cells: Sequence[tuple[str, str]]) -> str:
        """Join signs, those of one state in one colour."""
        parts: list[str] = []
        run, state = "", ""
        for sign, status in [*cells, ("", "\0")]:
            if status != state:
                parts.append(self._colour(run, state) if state and run else run)
                run, state = "", status
            run += sign
        return "".join(parts)


def _after(group: Group) -> str:
    if len(group.calls) > 1:
        return " · ".join([seconds(group.end - group.start), *filter(None, [group.note])])
    call = group.calls[0]
    if call.status == "cached":
        return "cached"
    again = f", {len(call.attempts)} starts" if len(call.attempts) > 1 else ""
    state = f" {call.status}" if call.status != "completed" else ""
    return f"{seconds(call.end - call.start)}{state}{again}"


def _path(trace: Trace, path: Sequence[str], width: int) -> Iterator[str]:
    """Yield what the length is made of, calls of one checkpoint that follow each other put together."""
    spans = {call.name: (call.function, call.end - call.start) for call in trace.calls}
    spans |= {wait.name: (f"wait {wait.name}", wait.end - wait.start) for wait in trace.waits}
    steps: list[tuple[str, float, int]] = []
    for name in path:
        function, took = spans[name]
        if steps and steps[-1][0] == function:
            steps[-1] = (function, steps[-1][1] + took, steps[-1][2] + 1)
        else:
            steps.append((function, took, 1))
    if not steps:
        return
    joint = " → "
    if len(steps) > _STEPS:
        steps, joint = _totals(steps), ", "
    said = [f"{name}{f' ×{count}' if count > 1 else ''} {seconds(took)}" for name, took, count in steps]  # noqa: RUF001
    whole = f"critical path, {seconds(sum(took for _, took, _ in steps))} of {seconds(trace.length)}: "
    yield clipped(whole + joint.join(said), width * 3)


def _totals(steps: Sequence[tuple[str, float, int]]) -> list[tuple[str, float, int]]:
    """Return what each checkpoint took on the path, the one that took most first."""
    totals: dict[str, tuple[float, int]] = {}
    for name, took, count in steps:
        before = totals.get(name, (0.0, 0))
        totals[name] = (before[0] + took, before[1] + count)
    return sorted(((name, took, count) for name, (took, count) in totals.items()), key=lambda step: -step[1])
