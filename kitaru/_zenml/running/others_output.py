"""What C code and other processes put out on a worker's descriptors, in the log of the checkpoint that is running.

A descriptor does not tell who has written to it. While one checkpoint runs, it is that one's; while none or several do, it
stands in the log of the run, as what the body prints does. The runner's log has all of it as it comes, whoever's it is.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from zenml.utils.logging_utils import LoggingContext

from kitaru._zenml.writing.log_lines import add_text, current_log, listen
from kitaru._zenml.writing.logs import RUNNER

if TYPE_CHECKING:
    from uuid import UUID

    from kitaru._core.process.shared_log import SharedLog

# How often it is looked for while nothing else is printed, in seconds.
_LOOK: Final = 1.0
_added: list[SharedLog] = []


def add_others_output(log: SharedLog) -> None:
    """Add to logs what others write to the log of this worker; further calls do nothing."""
    if log in _added:
        return
    _added.append(log)
    output = _OthersOutput(log, current_log())
    listen(output)
    threading.Thread(target=output.keep_looking, name="kitaru-output", daemon=True).start()


class _OthersOutput:
    def __init__(self, log: SharedLog, run_log: LoggingContext | None) -> None:
        self._log = log
        self._run_log = run_log
        self._lock = threading.Lock()
        self._running: dict[UUID, LoggingContext] = {}
        self._rest = b""  # of a line that has no end yet

    def begun(self, log: LoggingContext) -> None:
        if _is_checkpoints(log):
            with self._lock:
                self._add(final=True)
                self._running[log.log_model.id] = log

    def ending(self, log: LoggingContext) -> None:
        if _is_checkpoints(log) or log is self._run_log:
            with self._lock:
                self._add(final=True)
                self._running.pop(log.log_model.id, None)

    def before_line(self) -> None:
        if self._lock.acquire(blocking=False):  # else somebody is at it, this thread perhaps
            try:
                self._add()
            finally:
                self._lock.release()

    def keep_looking(self) -> None:
        ended = threading.Event()
        while not ended.wait(_LOOK):
            self.before_line()

    def _add(self, *, final: bool = False) -> None:
        log = next(iter(self._running.values())) if len(self._running) == 1 else self._run_log
        for piece in self._log.take_others():
            lines, newline, rest = (self._rest + piece).rpartition(b"\n")
            self._rest = rest
            if newline:
                _add_lines(log, lines)
        if final and self._rest:
            _add_lines(log, self._rest)
            self._rest = b""


def _add_lines(log: LoggingContext | None, lines: bytes) -> None:
    for line in lines.split(b"\n"):
        add_text(log, line.decode(errors="replace"), "stdout")


def _is_checkpoints(log: LoggingContext) -> bool:
    """Whether it is the log of a checkpoint that runs here, and not that of its launcher."""
    return type(log) is LoggingContext and log.log_model.source == RUNNER
