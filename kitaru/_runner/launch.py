"""Starting an execution: on the stack's orchestrator, or in a local runner where that would be this process."""

from __future__ import annotations

import os
import socket
import sys
import threading
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from kitaru._core.code.event_loop import in_event_loop
from kitaru._core.code.modules import ModuleRef, locate
from kitaru._core.identity.submission_key import submission_key
from kitaru._core.process import files
from kitaru._core.process.endings import before_pools_close
from kitaru._core.process.places import runner_directory
from kitaru._core.process.processes import this_process
from kitaru._core.settings.environment import local_runner
from kitaru._core.settings.hook_references import hook_references
from kitaru._runner import hosted
from kitaru._runner.detached import DetachedRunner
from kitaru._runner.once import start_once
from kitaru._runner.restoring import begin_anew, keep_here
from kitaru.errors import KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.identity.submission_key import SubmissionKey
    from kitaru._core.settings.environment import LocalRunner
    from kitaru._core.settings.settings import ResolvedSettings
    from kitaru._zenml.submitting.replay_plan import Draft

_thread_notice_shown = False
_threads: list[threading.Thread] = []


def start(
    flow: FlowDefinition[..., Any], values: Mapping[str, Any], settings: ResolvedSettings, replay: Draft | None = None
) -> str:
    """Create an execution of a flow and start it; returns its id.

    Args:
        flow: The flow.
        values: Its bound arguments by parameter.
        settings: The resolved settings.
        replay: What the execution replays, where it does.
    """
    mode, module = _mode(flow)
    hook_references(flow, settings.options, module, may_be_local=mode != "process")
    order = _Order(flow, values, settings, replay, _key(flow, module, values, settings, replay))
    if mode == "process" and "zenml" not in sys.modules:
        place = begin_anew()
        if module is not None and replay is None:
            exec_id = hosted.start(flow, values, settings, module, key=order.key, place=place, take_up=_take_up)
            if exec_id is not None:
                return exec_id
        # Both processes load ZenML side by side. On a stack that runs flows elsewhere this one is not needed.
        with DetachedRunner(runner_directory(), place=place) as early:
            return _start_once(order, mode, early=early)
    return _start_once(order, mode)


@dataclass(frozen=True)
class _Order:
    """What is to be started."""

    flow: FlowDefinition[..., Any]
    values: Mapping[str, Any]
    settings: ResolvedSettings
    replay: Draft | None
    key: SubmissionKey | None


def _key(
    flow: FlowDefinition[..., Any],
    module: ModuleRef | None,
    values: Mapping[str, Any],
    settings: ResolvedSettings,
    replay: Draft | None,
) -> SubmissionKey | None:
    """Return what tells the order for which an execution is started; a replay is always a new one."""
    key = settings.options.idempotency_key
    return submission_key(flow, module, values, key) if key is not None and replay is None else None


def _start_once(order: _Order, mode: LocalRunner, *, early: DetachedRunner | None = None) -> str:
    return start_once(order.key, partial(_start, order, mode, early=early), _start_unstarted)


def _start_unstarted(exec_id: str) -> None:
    from kitaru._zenml.steering import steering

    steering.start_unstarted(exec_id, continue_)


def _start(order: _Order, mode: LocalRunner, *, early: DetachedRunner | None = None) -> str:
    from kitaru._zenml.stacks import stacks
    from kitaru._zenml.submitting import submit

    identity = submit.new_identity(order.flow, order.settings, order.key)
    begin = partial(submit.submit, order.flow, order.values, order.settings, replay=order.replay, identity=identity)
    stack = stacks.find_stack(order.settings)
    if not stacks.runs_in_client(stack):
        if early is not None:
            early.close()
        return begin(stack, runner="stack", launch=_no_launch)
    if mode == "process":
        with early or DetachedRunner(runner_directory()) as runner:
            return begin(stack, runner=mode, launch=runner.hand_over)
    from kitaru._zenml.running import execute  # noqa: F401 - what is wrong with ZenML is told before there is an execution

    launch = start_thread if mode == "thread" else run_inline
    return begin(stack, runner=mode, launch=launch)


def _take_up(run_name: str, submission: str) -> str | None:
    from kitaru._zenml.steering import steering

    return steering.take_up(run_name, submission, continue_)


def _mode(flow: FlowDefinition[..., Any]) -> tuple[LocalRunner, ModuleRef | None]:
    setting = local_runner()
    module = locate(flow.func)
    if setting is None:
        return ("process" if module is not None else "thread"), module
    if setting == "process" and module is None:
        raise KitaruUsageError(
            f"KITARU_LOCAL_RUNNER=process, but flow {flow.name!r} cannot be imported by another process: it is defined "
            f"in a notebook, a REPL or inside a function. Move it to the top level of a module, or use "
            f"KITARU_LOCAL_RUNNER=thread."
        )
    return setting, module


def continue_(exec_id: str, job: dict[str, Any], runner: str, *, renews: bool = False) -> Callable[[], None]:
    """Return what starts a local runner for an execution that has none any more.

    Args:
        exec_id: The execution.
        job: How its flow is found.
        runner: The kind of its earlier runner.
        renews: Whether a process of its own has the surroundings of this one, and not those that the flow was started in.

    Raises:
        KitaruStateError: Only the process that defines its flow can run it.
    """
    if job["module"] is not None:
        return partial(_continue_detached, exec_id, job, renews=renews)
    if not hasattr(sys.modules.get("__main__"), job["entry"]):
        raise KitaruStateError(
            f"Execution {exec_id} cannot go on in this process: its flow {job['flow']!r} is defined in a notebook, a REPL "
            f"or a function of another process. Call retry, resume or input where it is defined."
        )
    return partial(run_inline if runner == "inline" else start_thread, exec_id, job)


def _continue_detached(exec_id: str, job: dict[str, Any], *, renews: bool) -> None:
    with DetachedRunner(runner_directory(), exec_id, job["path"], renews=renews) as runner:
        runner.hand_over(exec_id, job)


def start_thread(exec_id: str, job: dict[str, Any]) -> None:
    """Run an execution in a thread of this process."""
    global _thread_notice_shown  # noqa: PLW0603 - said once a process
    if job["module"] is None and not _thread_notice_shown:  # who has asked for threads knows
        _thread_notice_shown = True
        sys.stderr.write(
            "kitaru: this flow runs in a thread of this process, and ends with it: another process cannot import a flow "
            "that is defined in a notebook, a REPL, `python -c` or a function.\n"
        )
    _note_this_process(exec_id, job)
    _let_threads_finish()
    thread = threading.Thread(target=_run_here, args=(exec_id, job), name=f"kitaru-{exec_id[:8]}")
    _threads[:] = [*(other for other in _threads if other.is_alive()), thread]
    thread.start()


@cache
def _let_threads_finish() -> None:
    """See that a program that ends waits for its flows while they still can use thread pools."""
    before_pools_close(_join_threads)


def _join_threads() -> None:
    for thread in _threads:
        thread.join()


def run_inline(exec_id: str, job: dict[str, Any]) -> None:
    """Run an execution here and now."""
    _note_this_process(exec_id, job)
    if not in_event_loop():
        _run_here(exec_id, job)
        return
    # Inside a loop the body could neither block nor run a loop of its own.
    thread = threading.Thread(target=_run_here, args=(exec_id, job), name=f"kitaru-{exec_id[:8]}")
    thread.start()
    thread.join()


def _run_here(exec_id: str, job: dict[str, Any]) -> None:
    from kitaru._zenml.running import execute

    try:
        execute.run_execution(exec_id)
        if job.get("hooks"):
            from kitaru._zenml.hooks import calling

            calling.call_due(exec_id)
    finally:
        _note_state(exec_id, ended=True)


def _note_this_process(exec_id: str, job: dict[str, Any]) -> None:
    directory = files.directory(runner_directory(), exec_id)
    files.make(directory)
    if job["module"] is not None:  # another process may let it go on
        keep_here(directory)
    _note_state(exec_id)


def _note_state(exec_id: str, *, ended: bool = False) -> None:
    directory = files.directory(runner_directory(), exec_id)
    state = {"host": socket.gethostname(), "processes": [] if ended else [this_process()], "ended": ended}
    files.claim(directory, f"process {os.getpid()}", state)


def _no_launch(exec_id: str, _job: dict[str, Any]) -> None:
    raise AssertionError(f"the stack's orchestrator runs {exec_id}")
