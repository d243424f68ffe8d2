"""Starting an execution: on the stack's orchestrator, or in a local runner where that would be this process."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from kitaru._core.environment import local_runner
from kitaru._core.modules import ModuleRef, locate
from kitaru._runner import files
from kitaru._runner.process import identify, this_process
from kitaru._runner.supervisor import START
from kitaru.errors import KitaruBackendError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru._core.environment import LocalRunner
    from kitaru._core.settings import ResolvedSettings
    from kitaru.flow import Flow

_told_about_threads = False


def start(flow: Flow[..., Any], values: Mapping[str, Any], settings: ResolvedSettings) -> str:
    """Create an execution of a flow and start it; returns its id.

    Args:
        flow: The flow.
        values: Its bound arguments by parameter.
        settings: The resolved settings.
    """
    mode, module = _mode(flow)
    from kitaru._zenml.stacks import find_stack, runs_in_client
    from kitaru._zenml.store import runner_directory
    from kitaru._zenml.submit import submit

    stack = find_stack(settings)
    if not runs_in_client(stack):
        return submit(flow, values, settings, stack, runner="stack", launch=_no_launch)
    if mode == "process" and module is not None:
        with _Process(runner_directory(), flow, module, settings.retries) as process:
            return submit(flow, values, settings, stack, runner=mode, launch=process.hand_over)
    launch = _start_thread if mode == "thread" else _run_inline
    return submit(
        flow, values, settings, stack, runner=mode, launch=lambda exec_id: launch(runner_directory(), exec_id)
    )


def _mode(flow: Flow[..., Any]) -> tuple[LocalRunner, ModuleRef | None]:
    wanted = local_runner()
    module = locate(flow.func)
    if wanted is None:
        return ("process" if module is not None else "thread"), module
    if wanted == "process" and module is None:
        raise KitaruUsageError(
            f"KITARU_LOCAL_RUNNER=process, but flow {flow.name!r} cannot be imported by another process: it is defined "
            f"in a notebook, a REPL or inside a function. Move it to the top level of a module, or use "
            f"KITARU_LOCAL_RUNNER=thread."
        )
    return wanted, module


class _Process:
    """A supervisor that has been started, and waits to be told which execution to run.

    It starts before the flow is compiled, so that its imports overlap with that. Leaving the context without having
    handed an execution over ends it.
    """

    def __init__(self, base: Path, flow: Flow[..., Any], module: ModuleRef, retries: int) -> None:
        self._base = base
        self._flow = flow
        self._module = module
        self._retries = retries
        self._directory = base / f".starting-{uuid4().hex}"

    def __enter__(self) -> Self:
        try:
            self._directory.mkdir(parents=True, mode=0o700)
            files.write(self._directory / files.BOOT, {"path": [path or str(Path.cwd()) for path in sys.path]})
            with (self._directory / files.LOG).open("ab") as log:
                self._supervisor = subprocess.Popen(
                    [sys.executable, "-P", str(START), "supervisor", str(self._directory)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise KitaruBackendError(
                f"The local runner of flow {self._flow.name!r} cannot be started: {error}. Its files are kept beside "
                f"ZenML's configuration in {self._base}; check the rights and the space there."
            ) from error
        return self

    def hand_over(self, exec_id: str) -> None:
        """Tell the supervisor which execution to run; from here on this process is not needed any more."""
        from kitaru._zenml.source_root import ensure_source_root

        job = {
            "exec_id": exec_id,
            "flow": self._flow.name,
            "entry": self._flow.entry.__name__,
            "module": vars(self._module),
            "source_root": ensure_source_root(self._flow),
            "retries": self._retries,
        }
        files.write(self._directory / files.JOB, job)
        state = {"host": socket.gethostname(), "processes": [identify(self._supervisor.pid)], "ended": False}
        files.write(self._directory / files.STATE, state)
        final = files.directory(self._base, exec_id)
        self._directory.rename(final)
        self._directory = final
        assert self._supervisor.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died: its state says who it was, so the next look finds out
            self._supervisor.stdin.write(f"{final}\n".encode())
            self._supervisor.stdin.flush()
        files.prune(self._base, keep=exec_id)

    def __exit__(self, *_: object) -> None:
        assert self._supervisor.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._supervisor.stdin.close()
        if self._directory.name.startswith(".starting-"):
            self._supervisor.wait()
            shutil.rmtree(self._directory, ignore_errors=True)
        else:  # take note of its end, whenever that is, lest it stay a zombie of this process
            threading.Thread(target=self._supervisor.wait, name="kitaru-reaper", daemon=True).start()


def _start_thread(base: Path, exec_id: str) -> None:
    global _told_about_threads  # noqa: PLW0603 - said once a process
    if not _told_about_threads:
        _told_about_threads = True
        sys.stderr.write(
            "kitaru: this flow runs in a thread of this process, and ends with it: another process cannot import a flow "
            "that is defined in a notebook, a REPL or a function.\n"
        )
    _note_this_process(base, exec_id)
    threading.Thread(target=_run_here, args=(base, exec_id), name=f"kitaru-{exec_id[:8]}").start()


def _run_inline(base: Path, exec_id: str) -> None:
    _note_this_process(base, exec_id)
    _run_here(base, exec_id)


def _run_here(base: Path, exec_id: str) -> None:
    from kitaru._zenml.execute import run_execution

    try:
        run_execution(exec_id)
    finally:
        _note_this_process(base, exec_id, ended=True)


def _note_this_process(base: Path, exec_id: str, *, ended: bool = False) -> None:
    directory = files.directory(base, exec_id)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = {"host": socket.gethostname(), "processes": [] if ended else [this_process()], "ended": ended}
    files.write(directory / files.STATE, state)


def _no_launch(exec_id: str) -> None:
    raise AssertionError(f"the stack's orchestrator runs {exec_id}")
