"""How the time of an execution is spread over a picture: evenly, but for long pauses, which are cut short."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru._core.course import Course

# A pause is cut when it is longer than all that ran, and drawn as a part of that; all of them as so much at most.
_LEAST: Final = 10.0  # seconds; the start of a runner is no pause to be cut
_DRAWN: Final = 0.2
_ALL_DRAWN: Final = 0.6


class Scale:
    """Tells where a moment stands, from 0 to 1.

    While nothing runs for longer than all that ran, as in a wait of hours for a person, that pause is cut: else all that
    ran would be too narrow to be seen.

    Attributes:
        length: Seconds from the first to the last moment.
        cuts: Beginning and end of what is cut short, in seconds.
        drawn: Seconds that the picture has room for.
    """

    def __init__(self, course: Course) -> None:
        ends = [call.end for call in course.calls] + [pause.end for pause in course.pauses]
        self.length = max([course.length, *ends, 0.01])
        idle = list(_idle(course, self.length))
        busy = self.length - sum(end - start for start, end in idle)
        self.cuts = [(start, end) for start, end in idle if 0 < busy < end - start > _LEAST]
        left = min(_DRAWN, _ALL_DRAWN / max(len(self.cuts), 1)) * busy
        self._knots = [(0.0, 0.0)]
        for start, end in self.cuts:
            at = self._knots[-1][1] + start - self._knots[-1][0]
            self._knots += [(start, at), (end, at + left)]
        self.drawn = self._knots[-1][1] + self.length - self._knots[-1][0]
        self._knots.append((self.length, self.drawn))

    def share(self, moment: float) -> float:
        """Return where a moment stands, from 0 to 1."""
        moment = min(max(moment, 0.0), self.length)
        for (start, at), (end, until) in pairwise(self._knots):
            if moment <= end:
                return (at + (until - at) * ((moment - start) / (end - start) if end > start else 0.0)) / self.drawn
        return 1.0

    def moment(self, share: float) -> float:
        """Return the moment that stands there: the reverse of ``share``."""
        place = share * self.drawn
        for (start, at), (end, until) in pairwise(self._knots):
            if place <= until:
                return start + (end - start) * ((place - at) / (until - at) if until > at else 0.0)
        return self.length

    def is_cut(self, moment: float) -> bool:
        """Whether a moment is in what is cut short."""
        return any(start < moment < end for start, end in self.cuts)


def _idle(course: Course, length: float) -> Iterator[tuple[float, float]]:
    """Yield the spans in which no call ran."""
    last = 0.0
    for start, end in sorted((one.start, one.end) for call in course.calls for one in call.tries):
        if start > last:
            yield last, start
        last = max(last, end)
    if length > last:
        yield last, length
