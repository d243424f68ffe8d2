"""What programs, other processes and C code put out, in the logs of checkpoints.

A program of ``subprocess`` and a fork write to a file of whoever starts them. What else comes over the descriptors of a
worker does not tell who has written it: while one checkpoint runs, it is that one's; while none or several do, it stands in
the log of the run, as what the body prints does.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zenml.utils.logging_utils import LoggingContext

from kitaru._core.code.started_programs import give_programs
from kitaru._core.process import files, programs_output
from kitaru._core.process.programs_output import ProgramsOutput
from kitaru._zenml.running.log_threads import log_of_code
from kitaru._zenml.writing.log_lines import add_text, before_line, current_log, has_ended, listen
from kitaru._zenml.writing.logs import RUNNER

if TYPE_CHECKING:
    from uuid import UUID

    from kitaru._core.process.shared_log import SharedLog

# How often is looked while nothing is printed here, in seconds: for what programs put out, and for all else.
_LOOK_AT_PROGRAMS: Final = 0.05
_LOOK: Final = 1.0
_added: list[_OthersOutput] = []


def add_others_output(log: SharedLog | None) -> None:
    """Add to logs what others put out; further calls do nothing.

    Args:
        log: The log of this worker; None in a container, whose descriptors lead out of it.
    """
    if _added:
        return
    directory = files.own_directory()
    folder = directory / programs_output.FOLDER if log is not None and directory is not None else None
    programs = ProgramsOutput(folder or Path(tempfile.mkdtemp()), log.write if log is not None else _write_out)
    output = _OthersOutput(log, current_log(), programs)
    _added.append(output)
    listen(output)
    give_programs(output.descriptor, before_line)
    threading.Thread(target=output.keep_looking, name="kitaru-output", daemon=True).start()


def output_here() -> int | None:
    """Return what a process writes to that works for the code of a flow that runs here; None for this one's own output."""
    return _added[0].descriptor() if _added else None


class _OthersOutput:
    def __init__(self, log: SharedLog | None, run_log: LoggingContext | None, programs: ProgramsOutput) -> None:
        self._log = log
        self._run_log = run_log
        self._programs = programs
        self._lock = threading.Lock()
        self._running: dict[UUID, LoggingContext] = {}
        self._rests: dict[Any, bytes] = {}  # of lines that have no end yet, by whose they are

    def descriptor(self) -> int | None:
        """Return what a program writes to that is started here; None where no flow's code starts it."""
        owner = log_of_code()
        return self._programs.descriptor_for(owner) if owner is not None and not has_ended(owner) else None

    def begun(self, log: LoggingContext) -> None:
        if _is_checkpoints(log):
            with self._lock:
                self._add()
                self._end_line(None)
                self._running[log.log_model.id] = log

    def ending(self, log: LoggingContext) -> None:
        if _is_checkpoints(log) or log is self._run_log:
            with self._lock:
                self._add()
                self._end_line(None)
                self._end_line(log)
                self._programs.end(log)
                self._running.pop(log.log_model.id, None)

    def before_line(self) -> None:
        if self._lock.acquire(blocking=False):  # else somebody is at it, this thread perhaps
            try:
                self._add()
            finally:
                self._lock.release()

    def keep_looking(self) -> None:
        while True:
            if self._programs.has_files.wait(_LOOK):
                time.sleep(_LOOK_AT_PROGRAMS)
            self.before_line()

    def _add(self) -> None:
        for piece in self._log.take_others() if self._log is not None else ():
            self._add_lines(None, piece)
        for owner, piece in self._programs.take():
            self._add_lines(owner, piece)

    def _add_lines(self, owner: LoggingContext | None, piece: bytes) -> None:
        *lines, self._rests[owner] = (self._rests.get(owner, b"") + piece).split(b"\n")
        for line in lines:
            add_text(self._log_of(owner), line.decode(errors="replace"), "stdout")

    def _end_line(self, owner: LoggingContext | None) -> None:
        rest = self._rests.pop(owner, b"")
        if rest:
            add_text(self._log_of(owner), rest.decode(errors="replace"), "stdout")

    def _log_of(self, owner: LoggingContext | None) -> LoggingContext | None:
        if owner is None and len(self._running) == 1:
            return next(iter(self._running.values()))
        return self._run_log if owner is None or has_ended(owner) else owner


def _is_checkpoints(log: LoggingContext) -> bool:
    """Whether it is the log of a checkpoint that runs here, and not that of its launcher."""
    return type(log) is LoggingContext and log.log_model.source == RUNNER


def _write_out(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]
