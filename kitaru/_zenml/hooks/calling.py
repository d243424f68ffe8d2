"""Calling the hooks of an execution, in a process that has its flow's module and surroundings.

Whoever calls them holds a lock of this machine, which a process that dies lets go. The execution has ended by then, or has
asked its question, and nothing that a hook does or raises changes it.
"""

from __future__ import annotations

import asyncio
import inspect
import shlex
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zenml.enums import ExecutionStatus

from kitaru._core.code import loading
from kitaru._core.code.references import CodeRef
from kitaru._core.process import crash_points, files, hook_process, surroundings
from kitaru._core.process.places import runner_directory
from kitaru._core.settings.redaction import without_secrets
from kitaru._core.words.exception_text import encodable, text_of
from kitaru._core.words.tracebacks import user_traceback
from kitaru._zenml.door.private import bound_stack
from kitaru._zenml.door.source_root import is_undecided, use_source_root
from kitaru._zenml.door.store import open_client
from kitaru._zenml.reading.executions import describe_call, read_execution
from kitaru._zenml.records import hook_record, records
from kitaru._zenml.records.events import warn
from kitaru._zenml.records.hook_record import CALLED, DONE, FAILED, MOST_CALLS
from kitaru._zenml.running import flow_loading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from zenml.models import PipelineRunResponse, StackResponse, StepRunResponse

    from kitaru._core.policies.hook_functions import Hook
    from kitaru._zenml.records.hook_record import DueHook
    from kitaru._zenml.running.plain_step import Called

_CALL_ENDS: Final = {ExecutionStatus.COMPLETED: "on_success", ExecutionStatus.FAILED: "on_failure"}
# Functions of this process that no other one can import, by execution and event.
_of_this_process: dict[str, Mapping[str, tuple[Hook, ...]]] = {}
_waiting: list[threading.Thread] = []


def remember(exec_id: str, hooks: Mapping[str, tuple[Hook, ...]]) -> None:
    """Keep the hooks of an execution that runs in this process."""
    _of_this_process[exec_id] = hooks


def call_due(exec_id: str) -> None:
    """Call the hooks of an execution that are due, one after the other; waits for whoever calls some already."""
    for thread in _waiting:
        thread.join()
    _call_all(exec_id)


def call_here(exec_id: str) -> bool:
    """Call the hooks of an execution in a thread, where this process has them, and return whether it has."""
    if exec_id not in _of_this_process:
        return False
    threading.Thread(target=_call_all, args=(exec_id,), name="kitaru-hooks").start()
    return True


def call_locked(exec_id: str, question: str | None = None) -> None:
    """Call those that are due; for who holds the lock of the execution's hooks.

    Args:
        exec_id: The execution.
        question: The id of the question that it has just asked; None for what is due anyway.
    """
    client = open_client()
    called: set[str] = set()
    while True:
        run = client.get_pipeline_run(exec_id)
        due = [hook for hook in hook_record.due_hooks(run, question) if hook.key not in called and _is_here(run, hook)]
        if not due:
            break
        called.add(due[0].key)
        _call(run, due[0])
    if run.status.is_finished and not run.status.is_failed:  # it never goes on
        surroundings.forget(exec_id)
        _of_this_process.pop(exec_id, None)


class Caller:
    """Calls what an execution and its calls name for their events, in the process that runs its body."""

    def asked(self, exec_id: str, question: str) -> None:
        """Call the hooks of a question, beside the body, which goes on looking for an answer."""
        if hook_record.has_hooks(open_client().get_pipeline_run(exec_id)):
            _call_asked(exec_id, question)

    def call_ended(self, called: Called, run_id: UUID, name: str) -> None:
        """Call the hooks of a call that has ended, unless they were called already, or it is from the cache or a replay."""
        steps = records.starts_of(run_id, name)
        event = _CALL_ENDS.get(steps[-1].status) if steps else None
        hooks: tuple[Hook, ...] = getattr(called.options, event) if event is not None else ()
        for index, hook in enumerate(hooks):
            assert event is not None
            _call_of_checkpoint(hook, f"{event}_{index + 1}", steps)

    def ended(self, exec_id: str) -> None:
        """Call the hooks of an execution that has ended."""
        call_due(exec_id)


def _call_of_checkpoint(hook: Hook, key: str, steps: list[StepRunResponse]) -> None:
    step = steps[-1]
    if hook_record.is_called(step, key):
        return
    run = open_client().get_pipeline_run(step.pipeline_run_id)
    error: BaseException | None = None
    try:
        call_function(hook, describe_call(steps), run.stack)
    except (Exception, SystemExit) as raised:  # noqa: BLE001 - whatever it is, it harms nothing
        error = raised
        warn_of(f"{key.rpartition('_')[0]} of checkpoint {step.name}", _name(hook), str(run.id), error)
    hook_record.note_call(step, key, _name(hook), None if error is None else _reason(error))


def _call_asked(exec_id: str, question: str) -> None:
    thread = threading.Thread(target=_call_all, args=(exec_id, question), name="kitaru-on-wait")
    _waiting[:] = [*(other for other in _waiting if other.is_alive()), thread]
    thread.start()


def _call_all(exec_id: str, question: str | None = None) -> None:
    try:
        directory = files.directory(runner_directory(), exec_id)
        files.make(directory)
        with files.locked(directory, hook_process.LOCK):
            call_locked(exec_id, question)
    except Exception as error:  # noqa: BLE001 - the store or the disk fails, which is no failure of the execution
        warn(f"hooks of {exec_id} could not be called, a later look at it has them called: {_reason(error)}")


def call_function(function: Callable[..., Any], argument: Any, stack: StackResponse | None) -> None:
    """Call a hook in a thread of its own, where nothing of the flow's scope and no event loop is; awaits an async one.

    Args:
        function: The hook.
        argument: What it gets.
        stack: The stack that is ZenML's active one meanwhile; None for that which is active.

    Raises:
        BaseException: What it raises.
    """
    raised: list[BaseException] = []

    def call() -> None:
        try:
            with bound_stack(stack) if stack is not None else nullcontext():
                value = function(argument)
                if inspect.isawaitable(value):
                    asyncio.run(_awaited(value))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits for it
            raised.append(error)

    thread = threading.Thread(target=call, name="kitaru-hook", daemon=True)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def describe(event: str, name: str, exec_id: str, error: BaseException) -> str:
    """Return what the log says of a hook that has failed, in a line."""
    return (
        f"hook {name} ({event}) failed, which changes nothing else: {_reason(error)}. Where: the lines below, and "
        f"`kitaru executions logs {shlex.quote(exec_id)} --source runner`"
    )


def warn_of(event: str, name: str, exec_id: str, error: BaseException) -> None:
    """Write to the log that a hook has failed, and where in it."""
    warn(describe(event, name, exec_id, error))
    for line in without_secrets(encodable(user_traceback(error))).splitlines():
        warn(f"  {line}")


async def _awaited(value: Any) -> Any:
    return await value


def _call(run: PipelineRunResponse, hook: DueHook) -> None:
    if hook.calls >= MOST_CALLS:
        reason = f"its process was lost in each of {hook.calls} calls"
        hook_record.note(run, hook, FAILED, reason)
        warn(f"hook {hook.name} ({hook.event}) is not called again: {reason}")
        return
    hook = replace(hook, calls=hook.calls + 1)
    hook_record.note(run, hook, CALLED)
    crash_points.reach("hook, called")
    exec_id = str(run.id)
    record = read_execution(exec_id)
    try:
        function = _function(run, hook)
        call_function(function, record, run.stack)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it harms nothing
        hook_record.note(run, hook, FAILED, _reason(error)[:1000])
        warn_of(hook.event, hook.name, exec_id, error)
        return
    hook_record.note(run, hook, DONE)


def _reason(error: BaseException) -> str:
    return without_secrets(f"{type(error).__name__}: {text_of(error)}")


def _name(hook: Hook) -> str:
    return str(getattr(hook, "__qualname__", repr(hook)))


def _is_here(run: PipelineRunResponse, hook: DueHook) -> bool:
    return not hook.is_local or str(run.id) in _of_this_process


def _function(run: PipelineRunResponse, hook: DueHook) -> Callable[..., Any]:
    known = _of_this_process.get(str(run.id))
    if known is not None:
        return known[hook.event][hook.index]
    job = records.extra_of(run)["job"]
    if job["module"] is not None and is_undecided():
        use_source_root(job["source_root"])
    with loading.loading(str(run.id)):
        function: Callable[..., Any] = CodeRef.from_json(hook.reference).load(_import_module)
    return function


def _import_module(name: str, file: str | None) -> None:
    is_there = file is not None and Path(file).exists()  # in a container, the script is where ZenML has put it
    flow_loading.import_module(name, file if is_there else None)
