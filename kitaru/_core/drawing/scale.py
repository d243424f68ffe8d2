"""How the time of an execution is spread over a picture: evenly, but for long pauses, which are cut short."""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kitaru._core.drawing.trace import Trace

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

    def __init__(self, trace: Trace) -> None:
        ends = [call.end for call in trace.calls] + [wait.end for wait in trace.waits]
        self.length = max([trace.length, *ends, 0.01])
        idle = list(_idle(trace, self.length))
        busy = self.length - sum(end - start for start, end in idle)
        self.cuts = [(start, end) for start, end in idle if 0 < busy < end - start > _LEAST]
        left = min(_DRAWN, _ALL_DRAWN / max(len(self.cuts), 1)) * busy
        # Moments, and the places in the picture where they stand; between two of them time goes evenly.
        self._moments = [0.0]
        self._places = [0.0]
        for start, end in self.cuts:
            at = self._places[-1] + start - self._moments[-1]
            self._moments += [start, end]
            self._places += [at, at + left]
        self.drawn = self._places[-1] + self.length - self._moments[-1]
        self._moments.append(self.length)
        self._places.append(self.drawn)

    def share(self, moment: float) -> float:
        """Return where a moment stands, from 0 to 1."""
        return _between(self._moments, self._places, min(max(moment, 0.0), self.length)) / self.drawn

    def moment(self, share: float) -> float:
        """Return the moment that stands there: the reverse of ``share``."""
        return _between(self._places, self._moments, min(share, 1.0) * self.drawn)

    def is_cut(self, moment: float) -> bool:
        """Whether a moment is in what is cut short."""
        following = bisect_left(self.cuts, moment, key=itemgetter(1))
        return following < len(self.cuts) and self.cuts[following][0] < moment < self.cuts[following][1]


def _between(values: Sequence[float], others: Sequence[float], value: float) -> float:
    """Return what stands beside a value in another list, where both lists rise, evenly between their entries."""
    end = max(bisect_left(values, value), 1)
    below, above = values[end - 1], values[end]
    share = (value - below) / (above - below) if above > below else 0.0
    return others[end - 1] + (others[end] - others[end - 1]) * share


def _idle(trace: Trace, length: float) -> Iterator[tuple[float, float]]:
    """Yield the spans in which no call ran."""
    last = 0.0
    for start, end in sorted((one.start, one.end) for call in trace.calls for one in call.attempts):
        if start > last:
            yield last, start
        last = max(last, end)
    if length > last:
        yield last, length
