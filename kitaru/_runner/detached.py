"""Starting a supervisor, and handing it an execution."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Self
from uuid import uuid4

from kitaru._core.process import crash_points, files
from kitaru._core.process.places import START
from kitaru._core.process.processes import identify
from kitaru._core.settings.environment import host_enabled
from kitaru._host import client
from kitaru._host.client import HostedProcess, Request
from kitaru._runner.claiming import claim
from kitaru._runner.restoring import begin_anew, go_on
from kitaru._runner.supervisor import heir_in
from kitaru.errors import KitaruBackendError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kitaru._runner.restoring import Place


def start_host() -> None:
    """Start the host of this process, where there can be one and none runs, and wait until it has loaded ZenML."""
    if host_enabled() and client.is_possible():
        with contextlib.suppress(OSError):
            client.start(START)


class DetachedRunner:
    """A supervisor that has been started, and waits to be told which execution to run.

    It starts before the flow is compiled, so that its imports overlap with that. Leaving the context without having
    handed an execution over ends it.
    """

    def __init__(
        self,
        base: Path,
        exec_id: str | None = None,
        path: Sequence[str] = (),
        *,
        renews: bool = False,
        place: Place | None = None,
    ) -> None:
        """Create the runner; nothing is started yet.

        Args:
            base: Where the directories of the runners are.
            exec_id: The execution that is to go on, where it exists already.
            path: Entries of the import path that it needs, where nothing is kept of what it was started in.
            renews: Whether it goes on in the surroundings of this process, and not in those that it was started in.
            place: Where a new one starts; by default where this process is.
        """
        self._base = base
        self._started: subprocess.Popen[bytes] | HostedProcess | None = None
        self._request: Request | None = None
        self._directory = base / f"{files.STARTING}{uuid4().hex}" if exec_id is None else files.directory(base, exec_id)
        self._place = place or (begin_anew() if exec_id is None else go_on(self._directory, path, renews=renews))

    def __enter__(self) -> Self:
        if self._started is None and self._request is None:
            self._start()
        return self

    def _start(self) -> None:
        """Have the host fork a supervisor, or start one.

        Raises:
            KitaruBackendError: It cannot be started.
        """
        try:
            files.make(self._directory)
            with files.open_log(self._directory) as log:
                self._ask_host(log)
                if self._request is None:
                    self._start_program(log)
        except OSError as error:
            self._remove_start()
            raise KitaruBackendError(
                f"The local runner cannot be started: {error}. Its files are kept beside ZenML's configuration in "
                f"{self._base}; check the rights and the space there."
            ) from error

    def _ask_host(self, log: BinaryIO) -> None:
        """Ask; where the host is still loading ZenML, this process goes on with its own work meanwhile."""
        if not host_enabled() or not client.is_possible() or not self._place.is_own_python:
            return
        with contextlib.suppress(OSError):  # no host can be had: the direct way it is
            streams = (subprocess.PIPE, log.fileno(), log.fileno())
            beginning = self._place.beginning()
            self._request = Request(START, self._arguments, streams, beginning=beginning, heir=heir_in(self._base))

    def _start_program(self, log: BinaryIO) -> None:
        interpreter, program = self._place.python
        self._started = subprocess.Popen(
            [interpreter, "-P", program, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=self._place.env,
            cwd=self._place.folder,
            umask=self._place.surroundings.umask,
        )

    @property
    def _arguments(self) -> list[str]:
        return ["supervisor", str(self._directory)]

    def hand_over(self, exec_id: str, job: dict[str, Any]) -> None:
        """Tell the supervisor which execution to run; from here on this process is not needed any more.

        Args:
            exec_id: The execution.
            job: How its flow is found, and how often its worker may be lost.
        """
        supervisor = self._supervisor
        hosted = isinstance(supervisor, HostedProcess)
        processes = [identify(supervisor.pid)]
        job = {**job, "left_out": self._place.left_out, "note": self._place.note}
        self._directory = claim(self._directory, exec_id, job, processes, hosted=hosted, keep=self._place.keep)
        assert self._supervisor.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died: its state says who it was, so the next look finds out
            self._supervisor.stdin.write(f"{self._directory}\n".encode())
            self._supervisor.stdin.flush()
        crash_points.reach("submitter, handed over")
        files.prune(self._base, keep=exec_id)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the supervisor be: one that has not been told what to do ends."""
        if self._started is None:
            if self._request is not None:
                self._request.abandon()
                self._request = None
            self._remove_start()
            return
        if self._supervisor.stdin is None or self._supervisor.stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            self._supervisor.stdin.close()
        if self._is_starting():
            self._supervisor.wait()
            self._remove_start()
        else:  # take note of its end, whenever that is, lest it stay a zombie of this process
            threading.Thread(target=self._supervisor.wait, name="kitaru-reaper", daemon=True).start()

    @property
    def _supervisor(self) -> subprocess.Popen[bytes] | HostedProcess:
        if self._started is None:
            request, self._request = self._request, None
            self._started = None if request is None else request.result()
        if self._started is None:
            with files.open_log(self._directory) as log:
                self._start_program(log)
        assert self._started is not None
        return self._started

    def _is_starting(self) -> bool:
        return self._directory.name.startswith(files.STARTING)

    def _remove_start(self) -> None:
        if self._is_starting():
            shutil.rmtree(self._directory, ignore_errors=True)
