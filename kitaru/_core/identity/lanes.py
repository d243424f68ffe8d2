"""Where in a flow's body a call is made: in the body itself, or in an asyncio task or a thread of it.

Calls of one lane come one after another, so that their order is the code's. Between lanes the order is left to timing:
a lane is told by its parent and by its number among the parent's tasks, in the order in which the parent made them. A
thread, or a task of a loop that Kitaru does not run, cannot be counted: the first call that it makes tells it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from kitaru._core.code import scope
from kitaru._core.identity.matching import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from contextvars import Context

    from kitaru._core.identity.matching import Recency


class Lane:
    """One strand of a body's control flow.

    Attributes:
        path: What tells it from others: empty for the body, ``"2.1"`` for the first task of the body's second task.
        parent: The lane that made it; None for the body.
        news: The most recent outcome that it has been given; it may leave what was recorded before that.
    """

    def __init__(self, path: str = "", parent: Lane | None = None) -> None:
        """Begin a lane in this thread."""
        self.path = path
        self.parent = parent
        self.news: Recency = parent.news if parent is not None else NEVER
        self._thread = threading.get_ident()
        self._tasks = 0
        self._turns: Counter[str] = Counter()
        self._firsts: Counter[str] = Counter()
        self._counting = threading.Lock()

    @property
    def is_counted(self) -> bool:
        """Whether its place among its siblings is told by the order of the code."""
        return "~" not in self.path

    @property
    def group(self) -> str:
        """What it shares with lanes that began with the very same call."""
        return self.path.partition("#")[0]

    def turn(self, checkpoint: str) -> int:
        """Count one more call of a checkpoint and return which one it is in this lane, from 1."""
        with self._counting:
            self._turns[checkpoint] += 1
            return self._turns[checkpoint]

    def task(self) -> Lane:
        """Return the lane of a task that this one makes now."""
        with self._counting:
            self._tasks += 1
            return Lane(f"{self.path}.{self._tasks}".lstrip("."), self)

    def uncounted(self, first: str) -> Lane:
        """Return the lane of a thread or task that was not counted as it was made.

        Args:
            first: What tells the first call that it makes.
        """
        with self._counting:
            self._firsts[first] += 1
            number = self._firsts[first]
        return Lane(f"{self.path}~{first}{f'#{number}' if number > 1 else ''}", self)

    def learn(self, outcome: Recency) -> None:
        """Take note of an outcome that it is given; what a lane that is not counted is given, its parent has, too."""
        with self._counting:
            self.news = max(self.news, outcome)
        if not self.is_counted and self.parent is not None:
            self.parent.learn(outcome)

    def end(self) -> None:
        """End it: whoever made it may act upon what it was given."""
        if self.parent is not None:
            self.parent.learn(self.news)

    @property
    def is_here(self) -> bool:
        """Whether this thread is the one that the lane runs in."""
        return self._thread == threading.get_ident()


_lane: ContextVar[Lane | None] = ContextVar("kitaru_lane", default=None)
_lanes: WeakKeyDictionary[asyncio.Task[Any], Lane] = WeakKeyDictionary()


@contextmanager
def inside(lane: Lane) -> Iterator[None]:
    """Run in a lane."""
    token = _lane.set(lane)
    try:
        yield
    finally:
        _lane.reset(token)


def enter(lane: Lane | None) -> None:
    """Run in a lane from here on, in this context; None is outside of all."""
    _lane.set(lane)


def current(first: Callable[[], str]) -> Lane:
    """Return the lane that this code runs in.

    Args:
        first: Gives what tells the call that is being made; asked where it is the first one of a thread or task that
            was not counted.
    """
    task = _current_task()
    lane = _lanes.get(task) if task is not None else None
    if lane is not None:
        return lane
    lane = _lane.get()
    assert lane is not None
    if task is None and lane.is_here:
        return lane
    lane = lane.uncounted(first())
    _lane.set(lane)
    if task is not None:
        _lanes[task] = lane
    return lane


def here() -> Lane | None:
    """Return the lane that this code runs in, as far as it is known; None outside of a body."""
    task = _current_task()
    return (_lanes.get(task) if task is not None else None) or _lane.get()


def count_tasks(loop: asyncio.AbstractEventLoop, body: Lane) -> None:
    """Give every task that a loop makes a lane; the first one is the body's own.

    Args:
        loop: The loop of an async body.
        body: The body's lane.
    """
    is_first = True

    def make(
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any],
        context: Context | None = None,
        **options: Any,
    ) -> asyncio.Task[Any]:
        nonlocal is_first
        parent = here()
        if parent is None or scope.current_checkpoint() is not None:  # of a checkpoint, which makes no calls
            return asyncio.Task(coroutine, loop=loop, context=context, **options)
        lane = body if is_first else parent.task()
        is_first = False
        context = context if context is not None else copy_context()
        context.run(enter, lane)
        task = asyncio.Task(coroutine, loop=loop, context=context, **options)
        _lanes[task] = lane
        task.add_done_callback(lambda _: lane.end())
        return task

    loop.set_task_factory(cast("Any", make))  # typeshed has it without the context


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no event loop runs in this thread
        return None
