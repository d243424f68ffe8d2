"""Where the bars of an execution's timeline stand: lanes for what ran at once, marks for what decided its length.

Geometry alone, in pixels; ``timeline_svg`` and ``timeline_text`` draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil, inf
from typing import TYPE_CHECKING

from kitaru._core.drawing.scale import Scale
from kitaru._core.drawing.trace import Group, critical_path, groups_of, seconds, ticks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kitaru._core.drawing.trace import Call, Trace, Wait

WIDTH = 1120.0
LEFT = 216.0  # of the labels
RIGHT = 84.0  # beside the last bar, for its duration
TOP = 84.0  # title and axis
BOTTOM = 44.0  # legend
_FIELD = WIDTH - LEFT - RIGHT
_GAP = 10.0  # between two rows
_BAR = 16.0
_LABEL_LINES = 30.0
# Heights of a lane and the number of lanes up to which they are used; more lanes become one area.
_LANES = ((1, _BAR), (4, 13.0), (12, 8.0), (40, 5.0))
_MOST_BARS = 600
_AREA = 64.0
_THIN = 2.0  # the least width of a bar
_DIAMOND = 9.0  # the width of a call that came from the cache
_GROUPS = 44
_TICK = 6.2  # the width of a sign of the axis' labels
_MOST_LINKS = 40  # more of them hide what they link
_INSTANT = 1e-6  # what took no time was there all the same


@dataclass(frozen=True)
class Bar:
    """One attempt at a call, or a wait.

    Attributes:
        name: The call's or the wait's name.
        x: Left edge.
        y: Upper edge.
        width: How wide it is.
        height: How high it is.
        kind: The state, or ``"wait"``.
        title: What a pointer that rests on it is told.
        critical: Whether it is on the critical path.
    """

    name: str
    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str
    critical: bool = False


@dataclass(frozen=True)
class Row:
    """What one label stands for.

    Attributes:
        label: The label.
        note: More, in small print.
        y: Upper edge.
        height: How high it is.
        bars: Its bars; none where ``area`` is drawn.
        area: Points of the outline of how many ran at once.
        most: How many ran at once at most.
        after: What stands behind the only bar.
        critical: Whether any of it is on the critical path.
    """

    label: str
    note: str
    y: float
    height: float
    bars: tuple[Bar, ...]
    area: tuple[tuple[float, float], ...] = ()
    most: int = 1
    after: str = ""
    critical: bool = False


@dataclass(frozen=True)
class Timeline:
    """A timeline, ready to be drawn.

    Attributes:
        trace: What it shows.
        rows: Its rows, from above.
        ticks: Places and labels of the axis.
        attempts: Places of the attempts after the first one.
        breaks: Places of pauses that are cut short, and what is told of each.
        links: From where to where the critical path leads between two bars.
        path: Names on the critical path.
        height: The picture's height.
    """

    trace: Trace
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    attempts: tuple[float, ...]
    breaks: tuple[tuple[float, str], ...]
    links: tuple[tuple[float, float, float, float], ...]
    path: tuple[str, ...]
    height: float
    width: float = WIDTH


@dataclass
class _Lanes:
    """Puts calls that were under way at once into different lanes."""

    ends: list[float] = field(default_factory=list)

    def place(self, start: float, end: float) -> int:
        for number, taken in enumerate(self.ends):
            if taken <= start:
                self.ends[number] = end
                return number
        self.ends.append(end)
        return len(self.ends) - 1


def layout(trace: Trace) -> Timeline:
    """Place everything that a timeline shows."""
    path = critical_path(trace)
    scale = Scale(trace)
    rows: list[Row] = []
    y = TOP
    for section in _sections(trace):
        row = _row(section, scale, set(path), y)
        rows.append(row)
        y += row.height + _GAP
    places = _places(rows)
    links = _links([name for name in path if name in places], places)
    return Timeline(
        trace,
        tuple(rows),
        tuple(_ticks(scale)),
        tuple(_at(scale, moment) for moment in trace.attempts[1:]),
        tuple((_at(scale, (start + end) / 2), f"{seconds(end - start)}, cut short") for start, end in scale.cuts),
        tuple(links),
        tuple(path),
        y + BOTTOM,
    )


def _at(scale: Scale, moment: float) -> float:
    return LEFT + _FIELD * scale.share(moment)


def _ticks(scale: Scale) -> Iterator[tuple[float, str]]:
    """Yield the marks of the axis: at round moments, none in what is cut short, none in another's label."""
    edge = 0.0
    begin = 0.0
    for start, end in [*scale.cuts, (scale.length, scale.length)]:
        step = ticks(scale.drawn)[1] if len(ticks(scale.drawn)) > 1 else scale.drawn
        for number in range(ceil(begin / step), int(start / step) + 1):
            moment = round(number * step, 3)
            x, label = _at(scale, moment), seconds(moment) if moment else "0"
            if x >= edge:
                yield x, label
                edge = x + _TICK * len(label) + 8
        begin = end


def _sections(trace: Trace) -> list[Group | tuple[Wait, ...]]:
    sections: list[tuple[float, Group | tuple[Wait, ...]]] = [
        (inf if group.rest else group.start, group) for group in groups_of(trace.calls, _GROUPS)
    ]
    if trace.waits:
        sections.append((trace.waits[0].start, trace.waits))
    return [section for _, section in sorted(sections, key=lambda entry: entry[0])]


def _row(section: Group | tuple[Wait, ...], scale: Scale, path: set[str], y: float) -> Row:
    if isinstance(section, Group):
        return _group_row(section, scale, path, y)
    return _waits_row(section, scale, path, y)


def _group_row(group: Group, scale: Scale, path: set[str], y: float) -> Row:
    critical = any(call.name in path for call in group.calls)
    most = _at_once(group.calls)
    placed, lanes = _packed(group.calls, scale, path) if len(group.calls) <= _MOST_BARS else ([], inf)
    if lanes > _LANES[-1][0]:
        area = _area(group.calls, scale, y)
        return Row(group.label, _note(group, most), y, _AREA, (), area, most, critical=critical)
    step = next(height for count, height in _LANES if lanes <= count)
    gap = 1.0 if step < _BAR else 0.0
    bars = tuple(replace(bar, y=y + lane * step, height=step - gap) for lane, bar in placed)
    alone = len(group.calls) == 1
    note = group.note if not alone else ""
    height = max(lanes * step, _LABEL_LINES if not alone else _BAR)
    after = _after(group.calls[0]) if alone else ""
    return Row(group.label, _note(group, most) if not alone else note, y, height, bars, (), most, after, critical)


def _note(group: Group, most: int) -> str:
    said = [f"{most} at once"] if most > 1 else []
    return " · ".join([*said, *filter(None, [group.note])])


def _after(call: Call) -> str:
    took = seconds(call.attempts[-1].end - call.attempts[-1].start)
    if call.status == "cached":
        return "cached"
    return f"{took}, start {len(call.attempts)}" if len(call.attempts) > 1 else took


def _packed(calls: Sequence[Call], scale: Scale, path: set[str]) -> tuple[list[tuple[int, Bar]], int]:
    lanes = _Lanes()
    placed: list[tuple[int, Bar]] = []
    for call in calls:
        bars = _bars(call, scale, call.name in path)
        lane = lanes.place(bars[0].x, bars[-1].x + bars[-1].width)
        placed += [(lane, bar) for bar in bars]
    return placed, len(lanes.ends)


def _bars(call: Call, scale: Scale, critical: bool) -> list[Bar]:
    bars: list[Bar] = []
    edge = 0.0
    for number, one in enumerate(call.attempts, 1):
        least = _DIAMOND if one.status == "cached" else _THIN
        x = max(_at(scale, one.start), edge)
        width = max(_at(scale, one.end) - x, least)
        again = f", start {number} of {len(call.attempts)}" if len(call.attempts) > 1 else ""
        title = f"{call.name}\n{one.status}{again}, {seconds(one.end - one.start)}, at {seconds(one.start)}"
        title += f"\n{one.error}" if one.error else ""
        bars.append(Bar(call.name, x, 0, width, 0, one.status, title, critical))
        edge = x + width
    return bars


def _at_once(calls: Sequence[Call]) -> int:
    attempts = [one for call in calls for one in call.attempts]
    changes = [(one.start, 1) for one in attempts] + [(max(one.end, one.start + _INSTANT), -1) for one in attempts]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def _area(calls: Sequence[Call], scale: Scale, y: float) -> tuple[tuple[float, float], ...]:
    columns = [0] * (int(_FIELD) + 1)
    for call in calls:
        for one in call.attempts:
            first, last = int(_at(scale, one.start) - LEFT), int(_at(scale, one.end) - LEFT)
            for column in range(max(first, 0), min(max(last, first + 1), len(columns))):
                columns[column] += 1
    most = max(columns) or 1
    points = [(LEFT, y + _AREA)]
    for column, number in enumerate(columns):
        height = y + _AREA - (_AREA - 4) * number / most
        if height != points[-1][1]:
            points += [(LEFT + column, points[-1][1]), (LEFT + column, height)]
    return (*points, (LEFT + len(columns) - 1, points[-1][1]), (LEFT + len(columns) - 1, y + _AREA))


def _waits_row(waits: Sequence[Wait], scale: Scale, path: set[str], y: float) -> Row:
    bars: list[Bar] = []
    edge = 0.0
    for wait in waits:
        x = max(_at(scale, wait.start), edge)
        width = max(_at(scale, wait.end) - x, _THIN)
        question = f": {wait.question}" if wait.question else ""
        how_long = f"{'waiting for' if wait.is_open else 'answered after'} {seconds(wait.end - wait.start)}"
        bars.append(Bar(wait.name, x, y, width, _BAR, "wait", f"{wait.name}\n{how_long}{question}", wait.name in path))
        edge = x + width
    alone = len(waits) == 1
    after = seconds(waits[0].end - waits[0].start) if alone else ""
    label = f"waits for {waits[0].name}" if alone else f"{len(waits)} waits"
    return Row(label, "", y, _BAR, tuple(bars), after=after, critical=any(bar.critical for bar in bars))


def _places(rows: Sequence[Row]) -> dict[str, tuple[float, float, float, float]]:
    """Return of each critical call its edges, its middle, and the row that it is in."""
    places: dict[str, tuple[float, float, float, float]] = {}
    for row in rows:
        for bar in row.bars:
            if bar.critical:
                left = places[bar.name][0] if bar.name in places else bar.x
                places[bar.name] = (left, bar.x + bar.width, bar.y + bar.height / 2, row.y)
    return places


def _links(
    path: Sequence[str], places: dict[str, tuple[float, float, float, float]]
) -> list[tuple[float, float, float, float]]:
    links = []
    for one, other in pairwise(path):
        _, right, above, row = places[one]
        left, _, below, other_row = places[other]
        if row != other_row:
            links.append((right, above, max(left, right), below))
    return links if len(links) <= _MOST_LINKS else []
