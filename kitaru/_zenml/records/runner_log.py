"""What the local runner of an execution has put out on this host: its text log, with its events in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru._core.process import files
from kitaru._core.process.event import decode
from kitaru._core.process.event_log import LogSplitter
from kitaru._zenml.records.runs import log_file

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru._core.process.event import Event


class RunnerLog:
    """Reads what is new; whatever cannot be read counts as empty, for progress is a courtesy."""

    def __init__(self, exec_id: str) -> None:
        """Start at the beginning.

        Args:
            exec_id: The execution's full id.
        """
        self._exec_id = exec_id
        self._log: _Appended | None = None
        self._events: _Appended | None = None
        self._rest = b""
        self._splitter = LogSplitter()

    def exists(self) -> bool:
        """Whether there is a log on this host, or was when this was asked before."""
        path = log_file(self._exec_id) if self._log is None else None
        if path is not None:
            self._log, self._events = _Appended(path), _Appended(path.with_name(files.EVENTS))
        return self._log is not None

    def new(self, *, final: bool) -> list[str | Event]:
        """Return the lines of output and the events that are new, as they came; an incomplete line only at the end."""
        if not self.exists():
            return []
        assert self._log is not None
        log = self._log.read()  # before the events: those of all that it has are there
        return self._splitter.split(log, self._new_events(), final=final)

    def _new_events(self) -> list[Event]:
        assert self._events is not None
        *lines, self._rest = (self._rest + self._events.read()).split(b"\n")
        return [event for event in map(decode, lines) if event is not None]


class _Appended:
    """A file that only grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> bytes:
        """Return what was appended since this was last asked for."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
        except OSError:  # pruned, unreadable, or of a runner that did not write it yet
            return b""
        self._offset += len(new)
        return new
