"""A runner that is started ahead, in programs that start flow after flow: it has loaded ZenML when it is needed.

From its second run on, a program has the runner of its next run started along with each; one that nobody needs for a
minute is ended, and so is one that is left when the program ends. It is only used where the program's environment,
import path, folder and store are still what they were when it started.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitaru._core.settings.environment import standby_wanted
from kitaru._runner.detached import DetachedRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long a runner waits to be needed, in seconds.
_PATIENCE: Final = 60.0
_lock = threading.Lock()
_runs = 0
_ahead: _Ahead | None = None


@dataclass(frozen=True)
class _Ahead:
    runner: DetachedRunner
    surroundings: object
    timer: threading.Timer


@contextmanager
def next_runner(base: Path, store: str, early: DetachedRunner | None = None) -> Iterator[DetachedRunner]:
    """Give a runner that has been started, or starts; leaving without an error has the next one started.

    Args:
        base: Where the directories of the runners are.
        store: The URL of ZenML's store, which a runner that has opened another one cannot use.
        early: A runner that has been started for this run already.
    """
    global _runs  # noqa: PLW0603 - one program, one count
    surroundings = _surroundings(base, store)
    with early or _taken(surroundings) or DetachedRunner(base) as runner:
        yield runner
    with _lock:
        _runs += 1
        if _runs > 1 and _ahead is None and standby_wanted():
            _start(base, surroundings)


def _taken(surroundings: object) -> DetachedRunner | None:
    """Take the runner that was started ahead; one that does not fit is ended."""
    global _ahead
    with _lock:
        ahead, _ahead = _ahead, None
    if ahead is None:
        return None
    ahead.timer.cancel()
    if ahead.surroundings == surroundings and ahead.runner.is_alive():
        return ahead.runner
    ahead.runner.close()
    return None


def _start(base: Path, surroundings: object) -> None:
    global _ahead  # noqa: PLW0603
    runner = DetachedRunner(base)
    runner.start()
    timer = threading.Timer(_PATIENCE, _end, [runner])
    timer.daemon = True
    timer.start()
    _ahead = _Ahead(runner, surroundings, timer)


def _end(runner: DetachedRunner) -> None:
    global _ahead  # noqa: PLW0603
    with _lock:
        if _ahead is None or _ahead.runner is not runner:
            return  # it has been taken
        _ahead = None
    runner.close()


def _surroundings(base: Path, store: str) -> object:
    return dict(os.environ), list(sys.path), _folder(), base, store


def _folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it has been removed
        return None


def _forget() -> None:
    """In a child that was forked: the runner is the parent's, and must not live on because of this copy of a pipe."""
    global _ahead, _lock  # noqa: PLW0603
    _lock = threading.Lock()
    if _ahead is not None:
        _ahead.runner.let_be()
        _ahead = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
