"""What ``wait()`` shows on stderr: the runner's log as it grows, with the flow's own prints."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from kitaru._core.environment import progress as wanted
from kitaru._core.status import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru._asking import Answering


class View(Protocol):
    """Something that shows how an execution goes on."""

    def update(self, status: ExecutionStatus) -> None:
        """Show what is new."""


class _Nothing:
    def update(self, status: ExecutionStatus) -> None:
        pass


class _Lines:
    """Copies new lines of the runner's log, tells when the state changes, and sees that questions are answered."""

    def __init__(self, exec_id: str, answering: Answering) -> None:
        self._exec_id = exec_id
        self._answering = answering
        self._path: Path | None = None
        self._offset = 0
        self._status: ExecutionStatus | None = None
        self._rest = b""

    def update(self, status: ExecutionStatus) -> None:
        self._copy_log(final=status.is_finished)
        if status is not self._status:
            self._status = status
            self._print(f"kitaru: execution {self._exec_id} is {status}")
        self._answering.update(waiting=status is ExecutionStatus.WAITING)

    def _copy_log(self, *, final: bool) -> None:
        if self._path is None:
            from kitaru._zenml.runs import log_file

            self._path = log_file(self._exec_id)
            if self._path is None:
                return
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
        except OSError:  # pruned, or unreadable: progress is a courtesy
            return
        self._offset += len(new)
        text = self._rest + new
        lines, separator, rest = text.rpartition(b"\n")
        if final:
            lines, separator, rest = text, b"", b""
        self._rest = rest
        if lines or separator:
            self._print(lines.decode(errors="replace").rstrip("\n"))

    def _print(self, text: str) -> None:
        if text:
            self._answering.pause()
            sys.stderr.write(f"{text}\n")
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
        shown = wanted() is not False
    if not shown:
        yield _Nothing()
        return
    from kitaru._asking import Answering

    answering = Answering(exec_id)
    try:
        yield _Lines(exec_id, answering)
    finally:
        answering.close()
