"""The live view of an execution on a terminal: its checkpoints in place, its output above them."""

from __future__ import annotations

import sys
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.control import Control
from rich.live import Live
from rich.text import Text

from kitaru._core.drawing.escapes import coloured_lines
from kitaru._core.drawing.live_state import LiveState
from kitaru._core.drawing.trace import clipped, clipped_name, seconds
from kitaru._core.process.event import Event
from kitaru._core.records.status import ExecutionStatus
from kitaru._terminal.asking import open_question
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru._core.drawing.live_state import Following, Row, Summary
    from kitaru._terminal.asking import Answering

# Seconds between two pictures, two reads of changed calls, and two reads of the rest; reads take a share of the time.
_DRAW: Final = 0.1
_LOOK: Final = 0.4
_REST: Final = 2.0
_SHARE: Final = 0.1
_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_SIGNS: Final = {
    "completed": ("✓", "green"),
    "cached": ("✓", "blue"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "magenta"),
    "skipped": ("-", "dim"),
    "pending": ("·", "dim"),
    "waiting": ("?", "yellow"),
}
_LABEL: Final = 30
_BAR: Final = 24
_SUMMARY_ROWS: Final = 6
_FROZEN_ROWS: Final = 8
_AROUND: Final = 6  # lines beside the rows: header, link, question, a margin
_REPLAYED: Final = 200  # lines of output that are kept to be shown again when the terminal's size changes
_EARLIER: Final = 20  # lines of what was put out before somebody began to watch
_ERRORS: Final = 10


class LiveView:
    """Shows an execution in place, and asks below what it waits for."""

    def __init__(self, follower: Following, answering: Answering | None, *, from_start: bool = True) -> None:
        """Prepare the view; nothing is shown before the first update.

        Args:
            follower: Reads what is new.
            answering: Asks questions; None only shows them.
            from_start: Whether all output is shown; else only the end of what was there before.
        """
        self._follower = follower
        self._answering = answering
        self._from_start = from_start
        self._state = LiveState()
        self._summary: Summary = follower.summary()
        self._status: ExecutionStatus | None = None
        self._question = ""
        self._errors = 0
        self._next_look = self._next_rest = self._next_draw = 0.0
        self._shown: deque[str] = deque(maxlen=_REPLAYED)
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=False)
        self._size = self._console.size
        self._live: Live | None = None
        if answering is not None:
            answering.before_asking = self._freeze

    def update(self, status: ExecutionStatus) -> None:
        """Show what is new."""
        final = status.is_finished
        changed = status is not self._status
        self._status = status
        with suppress(KitaruError):  # a view is a courtesy: what is waited for is told of a store that does not answer
            self._print(self._follower.new(final=final))
            self._read(due=final or changed)
        if self._answering is not None:
            self._answering.update(waiting=status is ExecutionStatus.WAITING)
            if self._answering.is_asking:
                return
        if final:
            self._end()
        elif changed or time.monotonic() >= self._next_draw:
            self._next_draw = time.monotonic() + _DRAW
            self._draw()

    def close(self) -> None:
        """Leave the terminal to others, what was shown last standing."""
        if self._live is not None:
            self._live.update(Group(*self._lines(_SUMMARY_ROWS)))
            self._live.stop()
            self._live = None

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read(self, *, due: bool) -> None:
        now = time.monotonic()
        if due or now >= self._next_look:
            self._state.update(self._follower.steps())
            self._read_errors()
            self._next_look = _later(now, _LOOK)
        if due or now >= self._next_rest:
            now = time.monotonic()
            self._summary = self._follower.summary()
            self._state.expected.update(self._summary.expected)
            self._question = self._open_question()
            if not self._follower.has_file:
                for name, message in self._follower.said().items():
                    self._state.note(name, message)
            self._next_rest = _later(now, _REST)

    def _read_errors(self) -> None:
        for step in self._state.steps:
            if step.status == "failed" and not self._state.has_error(step.name) and self._errors < _ERRORS:
                self._errors += 1
                self._state.error(step.name, self._follower.error(step.name) or "")

    def _open_question(self) -> str:
        if self._status is not ExecutionStatus.WAITING or self._answering is not None:
            return ""
        wait = open_question(self._summary.exec_id)
        return f"{wait.name}: {wait.question}" if wait and wait.question else wait.name if wait else ""

    # -- output -------------------------------------------------------------------------------------------------------

    def _print(self, items: Iterable[str | Event]) -> None:
        """Show output above the view; events that its rows tell of go into them."""
        own = [
            item.line if isinstance(item, Event) else item
            for item in items
            if not (isinstance(item, Event) and self._state.take(item))
        ]
        if not self._from_start:
            own, self._from_start = own[-_EARLIER:], True
        shown = [coloured_lines(line.rstrip().rpartition("\r")[2]) for line in own if line.strip()]
        if not shown:
            return
        self._shown.extend(shown)
        if self._answering is not None and self._answering.is_asking:
            self._answering.pause()
            sys.stderr.write("".join(f"{line}\n" for line in shown))
            sys.stderr.flush()
            self._answering.go_on()
        else:
            self._console.print(Text.from_ansi("\n".join(shown)))

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        size = self._console.size
        if size != self._size:
            self._size = size
            self._start_afresh()
        lines = Group(*self._lines(max(size.height - _AROUND, 3)))
        if self._live is None:
            # What a program prints to a terminal while it waits goes above the view, too.
            tty = sys.stdout.isatty()
            self._live = Live(
                lines, console=self._console, auto_refresh=False, redirect_stdout=tty, vertical_overflow="crop"
            )
            self._live.start(refresh=True)
        else:
            self._live.update(lines, refresh=True)

    def _start_afresh(self) -> None:
        """Clear the screen: terminals disagree on where lines are once their size has changed."""
        if self._live is None:
            return
        self._live.transient = True
        self._live.stop()
        self._live = None
        self._console.control(Control.clear(), Control.home())
        self._console.print(Text.from_ansi("\n".join(list(self._shown)[-self._size.height :])))

    def _freeze(self) -> None:
        """Let the view stand as it is, so that a question can be asked below."""
        if self._live is not None:
            self._live.update(Group(*self._lines(_FROZEN_ROWS)))
            self._live.stop()
            self._live = None

    def _end(self) -> None:
        """Put a summary in the place of the view."""
        if self._live is not None:
            self._live.transient = True
            self._live.stop()
            self._live = None
        for line in self._lines(_SUMMARY_ROWS):
            self._console.print(line)

    def _lines(self, limit: int) -> Iterator[Text]:
        rows, left_out = self._state.rows(limit)
        yield self._line(self._header())
        if left_out:
            yield self._line(Text(f"  … {left_out} more", "dim"))
        longest = min(_LABEL, max(self._console.size.width // 2 - 4, 8))
        label = max((min(cell_len(row.name), longest) for row in rows), default=0)
        for row in rows:
            yield self._line(self._row(row, label))
        if self._summary.progress and not self._is_over():
            yield self._line(Text(f"  {self._summary.progress}", "dim"))
        if self._question and not self._is_over():
            yield self._line(Text(f"  ? {self._question}", "yellow"))
            yield self._line(Text(f"    kitaru executions input {self._summary.exec_id} --interactive", "dim"))
        if self._summary.dashboard_url:
            yield self._line(Text(f"  {self._summary.dashboard_url}", "dim"))

    def _line(self, text: Text) -> Text:
        text.no_wrap = True
        text.truncate(max(self._console.size.width - 1, 10), overflow="ellipsis")
        return text

    def _header(self) -> Text:
        summary, status = self._summary, str(self._status)
        sign, colour = self._sign(status)
        ended = sum(row.done for row in self._state.rows()[0])
        total = self._state.total
        said = [status, _span(summary.started_at, summary.ended_at if self._is_over() else None)]
        said += [f"attempt {summary.attempt}"] if summary.attempt > 1 else []
        if total:
            said.append(f"{total} checkpoint{'s' * (total > 1)}" if ended == total else f"{ended}/{total} checkpoints")
        return Text.assemble(
            (f"{sign} ", colour), (summary.flow_name, "bold"), "  ", (status, colour), " · ",
            " · ".join(filter(None, said[1:])), (f"  {summary.exec_id}", "dim"),
        )  # fmt: skip

    def _row(self, row: Row, label: int) -> Text:
        status = row.status
        if self._is_over() and status in ("running", "pending"):
            status = "cancelled"
        sign, colour = self._sign(status)
        name = clipped_name(row.name, label) if row.name.isascii() else row.name
        text = Text.assemble("  ", (f"{sign} ", colour), f"{set_cell_size(name, label)}  ")
        if row.total > 1:
            text.append_text(_bar(row, min(_BAR, self._console.size.width // 5)))
        elif status == "cached":
            text.append("cached", "blue")
        else:
            text.append(_span(row.started_at, row.ended_at), "dim" if row.ended_at else "")
            text.append(f"  start {row.attempts}" if row.attempts > 1 else "", "yellow")
        if row.note:
            text.append(f"  {clipped(row.note, 200)}", "red" if "failed" in row.counts else "dim")
        return text

    def _sign(self, status: str) -> tuple[str, str]:
        return _SIGNS.get(status) or (_SPINNER[int(time.monotonic() * 8) % len(_SPINNER)], "cyan")

    def _is_over(self) -> bool:
        return self._status is not None and self._status.is_finished


def _bar(row: Row, width: int) -> Text:
    filled = width * row.done // row.total
    colour = "red" if row.counts.get("failed") else "green"
    counts = {state: number for state, number in row.counts.items() if state not in ("completed", "skipped")}
    said = [f"{number} {state}" for state, number in counts.items()]
    said += [f"{row.retried} retried"] if row.retried else []
    said.append(_span(row.started_at, row.ended_at))
    bar = (("━" * filled, colour), ("─" * (width - filled), "bright_black"))
    return Text.assemble(*bar, f" {row.done}/{row.total}  ", (" · ".join(filter(None, said)), "dim"))


def _span(start: datetime | None, end: datetime | None) -> str:
    return seconds(((end or datetime.now(UTC)) - start).total_seconds()) if start is not None else ""


def _later(began: float, pause: float) -> float:
    """Return when to read again: a store that is slow is read less often."""
    now = time.monotonic()
    return now + max(pause, (now - began) / _SHARE)
