"""Threads that a checkpoint, or the body, starts: what they print stands in its log."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from kitaru._core.code import scope
from kitaru._core.code.started_threads import give_threads
from kitaru._zenml.writing.log_lines import current_lines, lines_of

if TYPE_CHECKING:
    from kitaru._core.code.started_threads import Surroundings


@cache
def give_threads_logs() -> None:
    """Have threads, and tasks of thread pools, print to the log of whoever starts them; further calls do nothing."""
    give_threads(_own_log)


def _own_log() -> Surroundings | None:
    """Return what a thread that is started here prints inside; None where it is no flow's code that starts it."""
    in_body = scope.current_body() is not None and scope.current_call() is None
    if scope.current_checkpoint() is None and not in_body:
        return None
    log, run_log = current_lines()
    return partial(lines_of, log, run_log) if log is not None else None
