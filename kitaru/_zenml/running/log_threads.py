"""Threads and programs that a checkpoint, or the body, starts: what they print stands in its log."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from kitaru._core.code import scope
from kitaru._core.code.started_threads import give_threads
from kitaru._zenml.writing.log_lines import current_lines, lines_of

if TYPE_CHECKING:
    from zenml.utils.logging_utils import LoggingContext

    from kitaru._core.code.started_threads import Surroundings


@cache
def give_threads_logs() -> None:
    """Have threads, and tasks of thread pools, print to the log of whoever starts them; further calls do nothing."""
    give_threads(_inside_log)


def log_of_code() -> LoggingContext | None:
    """Return the log of the checkpoint or body whose code this is; None where it is no flow's."""
    in_body = scope.current_body() is not None and scope.current_call() is None
    return current_lines()[0] if in_body or scope.current_checkpoint() is not None else None


def _inside_log() -> Surroundings | None:
    log = log_of_code()
    return partial(lines_of, log, current_lines()[1]) if log is not None else None
