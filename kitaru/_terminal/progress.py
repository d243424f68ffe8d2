"""What ``wait()`` shows on stderr: a live view on a terminal, elsewhere the runner's log as it grows."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from kitaru._core.drawing import escapes
from kitaru._core.process.event import Event
from kitaru._core.process.looks import Looks
from kitaru._core.records.status import ExecutionStatus
from kitaru._core.settings.environment import plain_terminal
from kitaru._core.settings.environment import progress as progress_setting
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru._core.drawing.live_state import Following
    from kitaru._terminal.asking import Answering
    from kitaru._zenml.reading.following import Output

# One live view at a time has the terminal of this process; whoever waits beside it gets lines.
_terminal = threading.Lock()
# After how many seconds a person is told what takes time, and of which flows that was told already.
_SOON = 0.3
_told: set[str] = set()


class View(Protocol):
    """Something that shows how an execution goes on."""

    def update(self, status: ExecutionStatus) -> None:
        """Show what is new."""


class _Nothing:
    def update(self, status: ExecutionStatus) -> None:
        pass


class _Lines:
    """Copies new lines of the runner's log, tells when the state changes, and sees that questions are answered."""

    def __init__(self, follower: Following, answering: Answering) -> None:
        self._follower = follower
        self._answering = answering
        self._status: ExecutionStatus | None = None
        self._has_colours = sys.stderr.isatty() and not plain_terminal()

    def update(self, status: ExecutionStatus) -> None:
        with suppress(KitaruError):  # what is waited for is told of a store that does not answer
            items = self._follower.new(final=status.is_finished)
            self._print("\n".join(item.line if isinstance(item, Event) else item for item in items))
        if status is not self._status:
            self._status = status
            self._print(f"kitaru: execution {self._follower.exec_id} is {status}")
        self._answering.update(waiting=status is ExecutionStatus.WAITING)

    def _print(self, text: str) -> None:
        if text:
            self._answering.pause()
            sys.stderr.write(f"{text if self._has_colours else escapes.plain(text)}\n")
            sys.stderr.flush()
            self._answering.go_on()


@contextmanager
def follow(exec_id: str, *, shown: bool | None) -> Iterator[View]:
    """Show an execution while it is waited for, and ask on the terminal what it waits for.

    Args:
        exec_id: The execution.
        shown: Whether to show anything; None follows ``KITARU_PROGRESS``, on by default.
    """
    if shown is None:
        shown = progress_setting() is not False
    if not shown:
        yield _Nothing()
        return
    from kitaru._runner import reader
    from kitaru._terminal.asking import Answering

    follower = reader.follow(exec_id)
    answering = Answering(exec_id, replays=follower.replays)
    try:
        if follower.runner not in ("thread", "inline") and can_be_live() and _terminal.acquire(blocking=False):
            try:
                with _live(follower, answering) as view:
                    yield view
            finally:
                _terminal.release()
        else:
            yield _Lines(follower, answering)
    finally:
        answering.close()


def can_be_live() -> bool:
    """Whether stderr is a terminal that a view can be drawn on, and this process has it to itself."""
    if plain_terminal() or not sys.stderr.isatty() or "utf" not in (sys.stderr.encoding or "").lower():
        return False
    try:
        return os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # an object of a notebook's
        return False


def tell_start(name: str) -> None:
    """Say on a terminal that a flow is being started, which takes seconds where ZenML is loaded for it."""
    if progress_setting() is not False and can_be_live():
        _told.add(name)
        sys.stderr.write(f"kitaru: starting {name}\n")
        sys.stderr.flush()


@contextmanager
def starting(name: str) -> Iterator[None]:
    """Say so after a moment, unless it was said before or the flow has been started by then."""
    started = threading.Event()
    if name not in _told and can_be_live():
        threading.Thread(target=_tell_late, args=(name, started), daemon=True).start()
    try:
        yield
    finally:
        started.set()


def _tell_late(name: str, started: threading.Event) -> None:
    if not started.wait(_SOON):
        with suppress(KitaruError):  # a setting that is wrong: waiting tells
            tell_start(name)


def watch(exec_id: str) -> None:
    """Show an execution live until it ends, and ask nothing.

    Args:
        exec_id: The execution's full id.
    """
    from kitaru._runner import reader

    with _terminal, _live(reader.follow(exec_id), None, from_start=False) as view:
        looks = Looks(exec_id, lambda: reader.read_status(exec_id))
        while not (status := looks.latest()).is_finished:
            view.update(status)
            time.sleep(looks.pause)
        view.update(status)


def output_of(exec_id: str) -> Output:
    """Return what an execution puts out, to be read as it comes, with the events that its runner tells.

    Args:
        exec_id: The execution's full id.
    """
    from kitaru._zenml.reading import following
    from kitaru._zenml.records import runs

    return following.Output(runs.find_run(exec_id), stored=True)


@contextmanager
def _live(follower: Following, answering: Answering | None, *, from_start: bool = True) -> Iterator[View]:
    from kitaru._terminal.live import LiveView

    view = LiveView(follower, answering, from_start=from_start)
    try:
        yield view
    finally:
        view.close()
