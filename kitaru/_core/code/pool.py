"""Threads for the calls of a flow's body: a call takes a place only when all that it waits for is there."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kitaru._core.code.waiting import when_all_done

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


class Pool:
    """Runs so many calls at once.

    Its threads are daemons, unlike those of a ``ThreadPoolExecutor``: a call that never returns does not hold the end of
    the process.
    """

    def __init__(self, places: int) -> None:
        """Create it with no thread yet.

        Args:
            places: How many calls run at once.
        """
        self._places = places
        self._taken = 0
        self._started = 0
        self._ready: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._waiting: set[Future[Any]] = set()
        self._returning: deque[threading.Event] = deque()
        self._is_closed = False
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], Any], after: Collection[Future[Any]] = ()) -> Future[Any]:
        """Run a call as soon as there is a place, and return its future; a closed pool cancels that.

        Args:
            call: What to run.
            after: What has to be done before, however it ends.
        """
        future: Future[Any] = Future()
        with self._lock:
            if self._is_closed:
                future.cancel()
                return future
            self._waiting.add(future)

        def is_ready() -> None:
            with self._lock:
                self._waiting.discard(future)
                if not self._is_closed:
                    self._ready.append((future, call))
            self._fill()

        when_all_done(after, is_ready)
        return future

    def occupy(self, future: Future[Any]) -> None:
        """Take a place for a call that runs elsewhere, until it is done."""
        with self._lock:
            self._taken += 1

        def give_back(_: object) -> None:
            with self._lock:
                self._taken -= 1
            self._fill()

        future.add_done_callback(give_back)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Give back a call's place as long as it does nothing; it goes on as soon as there is one again."""
        with self._lock:
            self._taken -= 1
        self._fill()
        has_place = threading.Event()
        try:
            yield
            with self._lock:
                self._returning.append(has_place)
            self._fill()
            has_place.wait()
        except BaseException:
            self._come_back(has_place)
            raise

    def _come_back(self, has_place: threading.Event) -> None:
        """Take a place for a call that will only end, whether there is one or not."""
        with self._lock:
            if has_place.is_set():
                return
            if has_place in self._returning:
                self._returning.remove(has_place)
            self._taken += 1

    def close(self) -> None:
        """Start no further call: those that wait for something, or for a place, are cancelled."""
        with self._lock:
            self._is_closed = True
            left = [*self._waiting, *(future for future, _ in self._ready)]
            self._waiting.clear()
            self._ready.clear()
        for future in left:
            future.cancel()

    def _fill(self) -> None:
        while True:
            with self._lock:
                while self._returning and self._taken < self._places:
                    self._taken += 1
                    self._returning.popleft().set()
                if not self._ready or self._taken >= self._places:
                    return
                ready = self._ready.popleft()
                error = self._start(ready)
                if error is not None and self._taken:  # whoever gives back a place takes it
                    self._ready.appendleft(ready)
                    return
            if error is not None and ready[0].set_running_or_notify_cancel():
                ready[0].set_exception(error)

    def _start(self, ready: tuple[Future[Any], Callable[[], Any]]) -> RuntimeError | None:
        """Start a thread for a call, and return what the system refused that with."""
        name = f"kitaru-checkpoint_{self._started + 1}"
        try:
            threading.Thread(target=self._work, args=ready, name=name, daemon=True).start()
        except RuntimeError as error:
            return error
        self._taken += 1
        self._started += 1
        return None

    def _work(self, future: Future[Any], call: Callable[[], Any]) -> None:
        while True:
            _run(future, call)
            del future, call  # the value is its owner's to let go
            with self._lock:
                if self._returning and self._taken <= self._places:
                    self._returning.popleft().set()  # which has this place now
                    return
                if not self._ready or self._taken > self._places:
                    self._taken -= 1
                    return
                future, call = self._ready.popleft()


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is taken
        future.set_exception(error)
        del future  # which the error leads to
    else:
        future.set_result(result)
