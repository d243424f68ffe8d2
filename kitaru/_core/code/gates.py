"""Ways past limits: who has come to one first goes through first, over all processes of this machine."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.code.waiting import when_all_done
from kitaru._core.process.limits import Busy, Ticket, folder_of, seconds_to_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from kitaru._core.policies.amounts import Rate

# How often is looked whether another process has given back a place, in seconds.
_LOOK: Final = 0.2
# How often is looked whether it is still wanted, in seconds.
_CHECK: Final = 1.0


@dataclass(frozen=True)
class Limit:
    """What is shared by all that has one key.

    Attributes:
        key: What tells it from others.
        places: How many run at once; None for no limit.
        rate: How often they start; None for no limit.
    """

    key: str
    places: int | None = None
    rate: Rate | None = None


class Gate:
    """The way of one past a limit."""

    def __init__(
        self,
        limit: Limit,
        *,
        tell: Callable[[str], None],
        check: Callable[[], None] | None = None,
        order: int | None = None,
    ) -> None:
        """Create it; it leads nowhere before it is asked for.

        Args:
            limit: The limit.
            tell: Called once, with what it waits for in words, where it has to wait.
            check: Called now and then while it waits; what it raises ends that.
            order: Its turn, in nanoseconds since the epoch; None for that of the moment when it is asked for.
        """
        self.limit = limit
        self.passed: Future[None] = Future()
        self._tell = tell
        self._check = check
        self._checked_at = time.monotonic()
        self._order = order
        self._ticket: Ticket | None = None
        self._has_left = False
        self._lock = threading.Lock()

    def request(self, after: Collection[Future[Any]] = ()) -> None:
        """Stand in line as soon as some calls are done, however they end."""
        when_all_done(after, lambda: _line_of(self.limit.key).enter(self))

    def leave(self) -> None:
        """Give back the place, or want none any more; may be called twice."""
        with self._lock:
            if self._has_left:
                return
            self._has_left = True
            if self._ticket is not None:
                self._ticket.leave()
        self.passed.cancel()
        _line_of(self.limit.key).wake()

    def go_through(self, woken: threading.Event) -> None:
        """Wait until it may pass; called by the thread of its line.

        Args:
            woken: Is set when somebody of this process has given back a place.
        """
        try:
            self._go_through(woken)
        except BaseException as error:  # noqa: BLE001 - it is raised where the call would run
            with contextlib.suppress(Exception):
                self.passed.set_exception(error)
        else:
            if self.passed.set_running_or_notify_cancel():
                self.passed.set_result(None)

    def _go_through(self, woken: threading.Event) -> None:
        folder = folder_of(self.limit.key)
        if self.limit.places is not None and not self._stand_in_line(folder):
            return
        while self._wants_place() and (seconds := self._before_place(folder, woken)):
            woken.wait(min(seconds, _LOOK))

    def _stand_in_line(self, folder: Path) -> bool:
        with self._lock:
            if self._has_left:
                return False
            self._ticket = Ticket(folder, time.time_ns() if self._order is None else self._order)
        return True

    def _wants_place(self) -> bool:
        with self._lock:
            return not self._has_left

    def _before_place(self, folder: Path, woken: threading.Event) -> float:
        """Return how long to wait before the next look; 0 where the way is free."""
        woken.clear()
        if self._check is not None and time.monotonic() - self._checked_at > _CHECK:
            self._checked_at = time.monotonic()
            self._check()
        ticket, places, rate = self._ticket, self.limit.places, self.limit.rate
        if ticket is not None and places is not None and not ticket.is_held:
            busy = ticket.take(places)
            if busy is not None:
                self._say(_describe(busy, places))
                return _LOOK
        seconds = seconds_to_wait(folder, rate) if rate is not None else 0.0
        if seconds and rate is not None:
            self._say(f"waits {seconds:.1f} s, as {rate.count} have started within {rate.seconds} s")
        return seconds

    def _say(self, text: str) -> None:
        tell, self._tell = self._tell, lambda _: None
        tell(text)


@contextmanager
def through(gate: Gate | None, wait: Callable[[Future[None]], object] = Future.result) -> Iterator[None]:
    """Wait until something may pass, and give back its place at the end.

    Args:
        gate: Its way; None where there is no limit.
        wait: Waits for a future, and raises what that holds.
    """
    if gate is None:
        yield
        return
    try:
        wait(gate.passed)
        yield
    finally:
        gate.leave()


def _describe(busy: Busy, places: int) -> str:
    ahead = f", and {busy.ahead} are before it" if busy.ahead else ""
    return f"waits for a place: {busy.held} of {places} are taken{ahead}"


class _Line:
    """Those of this process who want to pass one limit; only the first of them stands in the line of the machine."""

    def __init__(self) -> None:
        self._gates: deque[Gate] = deque()
        self._lock = threading.Lock()
        self._is_served = False
        self._woken = threading.Event()

    def enter(self, gate: Gate) -> None:
        with self._lock:
            self._gates.append(gate)
            if self._is_served:
                return
            self._is_served = True
        threading.Thread(target=self._serve, name="kitaru-limit", daemon=True).start()

    def wake(self) -> None:
        self._woken.set()

    def _serve(self) -> None:
        while True:
            with self._lock:
                if not self._gates:
                    self._is_served = False
                    return
                gate = self._gates.popleft()
            gate.go_through(self._woken)


_lines: dict[str, _Line] = {}
_adding = threading.Lock()
# A fork has none of the threads that serve them.
os.register_at_fork(after_in_child=_lines.clear)


def _line_of(key: str) -> _Line:
    with _adding:
        return _lines.setdefault(key, _Line())
