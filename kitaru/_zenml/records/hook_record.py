"""Which hooks of an execution are due, and what became of them, as its run says.

Which there are stands in the run's configuration. A hook is due once for each end of the execution, and once for each
question: nothing has to be written for that. Whoever calls it writes that it is called, and how that ended.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from zenml.client import Client
from zenml.enums import ExecutionStatus, MetadataResourceTypes
from zenml.models import RunMetadataResource

from kitaru._core.code.modules import import_path
from kitaru._core.package import FOLDER
from kitaru._core.process import files, hook_process
from kitaru._core.process.places import runner_directory
from kitaru._core.settings.hook_references import LOCAL
from kitaru._zenml.records import records, waits
from kitaru._zenml.records.stack_runners import ask_anew, lost_on_stack

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, StepRunResponse

HOOKS_KEY: Final = "hooks"
CALLED, DONE, FAILED = "called", "done", "failed"
MOST_CALLS: Final = 3
"""So often a hook is called whose process is lost meanwhile."""
_PREFIX: Final = "kitaru_hook_"
_ENDS: Final = {
    ExecutionStatus.COMPLETED: "on_success",
    ExecutionStatus.CACHED: "on_success",
    ExecutionStatus.FAILED: "on_failure",
    ExecutionStatus.STOPPED: "on_cancelled",
    ExecutionStatus.CANCELLED: "on_cancelled",
}


@dataclass(frozen=True)
class DueHook:
    """A hook that is to be called.

    Attributes:
        event: The option that names it: ``"on_failure"``.
        index: Its turn among those of the event.
        reference: How it is found, as plain data.
        key: Under which it is recorded.
        calls: How often it was called already.
    """

    event: str
    index: int
    reference: dict[str, Any]
    key: str
    calls: int

    @property
    def name(self) -> str:
        """The function's name."""
        return str(self.reference.get("qualname") or self.reference[LOCAL])

    @property
    def is_local(self) -> bool:
        """Whether only the process has it that submitted the execution."""
        return LOCAL in self.reference


def has_hooks(run: PipelineRunResponse) -> bool:
    """Whether anything is to be called when an execution ends or waits."""
    return bool(records.extra_of(run).get(HOOKS_KEY))


def due_hooks(run: PipelineRunResponse, question: str | None = None) -> list[DueHook]:
    """Return what is due, in the order in which it is called.

    Args:
        run: The run, with all about it.
        question: The id of the question that it has just asked; None for the end of the execution, or a pause.
    """
    hooks = records.extra_of(run).get(HOOKS_KEY) or {}
    if question is None and run.status == ExecutionStatus.PAUSED and "on_wait" in hooks:
        question = waits.pending_id(run.id)
    if question is not None:
        return _open(run, hooks, "on_wait", question)
    end = _ENDS.get(run.status)
    if end is None:
        return []
    cycle = str(records.cycle_of(run))
    return [*_open(run, hooks, end, cycle), *_open(run, hooks, "on_end", cycle)]


def _open(run: PipelineRunResponse, hooks: dict[str, Any], event: str, occasion: str) -> list[DueHook]:
    found = []
    for index, reference in enumerate(hooks.get(event, ())):
        key = f"{_PREFIX}{event}_{occasion}_{index + 1}"
        known = run.run_metadata.get(key)
        entry: dict[str, Any] = known if isinstance(known, dict) else {}
        if entry.get("state") not in (DONE, FAILED):
            found.append(DueHook(event, index, reference, key, int(entry.get("calls", 0))))
    return found


def note(run: PipelineRunResponse, hook: DueHook, state: str, error: str | None = None) -> None:
    """Record that a hook is called by this process, or how that ended."""
    entry: dict[str, Any] = {
        "hook": hook.name,
        "state": state,
        "calls": hook.calls,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "at": datetime.now(UTC).isoformat(),
    }
    if error is not None:
        entry["error"] = error
    resource = RunMetadataResource(id=run.id, type=MetadataResourceTypes.PIPELINE_RUN)
    Client().create_run_metadata(metadata={hook.key: entry}, resources=[resource])


def see_to(run: PipelineRunResponse) -> None:
    """Have the hooks called that are due of an execution which has no runner any more that would.

    Only the machine that started it has its module and surroundings.

    Args:
        run: The run, with all about it.
    """
    extra = records.extra_of(run)
    if not extra.get(HOOKS_KEY) or extra.get("host") != socket.gethostname():
        return
    if all(hook.is_local for hook in due_hooks(run)) or _has_runner(run):
        return
    with contextlib.suppress(OSError):  # whoever looks next may be luckier
        directory = files.directory(runner_directory(), str(run.id))
        # A reader has taken from its path what is not the interpreter's, Kitaru too where that is elsewhere.
        own_path = [*import_path(), str(FOLDER.parent)]
        hook_process.start(directory, own_path, extra["job"]["path"])


def _has_runner(run: PipelineRunResponse) -> bool:
    """Whether the execution's last runner lives, which then calls the hooks itself, or nobody can tell."""
    if records.extra_of(run)["runner"] == "stack":
        ask_anew(run)  # it has ended just now
        return lost_on_stack(run) is None
    state = files.read(files.directory(runner_directory(), str(run.id)) / files.STATE)
    return not state.get("ended") and files.works_here(state)


def is_called(step: StepRunResponse, key: str) -> bool:
    """Whether a hook of a call was called, by its event and turn."""
    return f"{_PREFIX}{key}" in step.run_metadata


def note_call(step: StepRunResponse, key: str, name: str, error: str | None) -> None:
    """Record that a hook of a call was called, and what it raised."""
    entry = {"hook": name, "state": DONE if error is None else FAILED, "at": datetime.now(UTC).isoformat()}
    if error is not None:
        entry["error"] = error[:1000]
    resource = RunMetadataResource(id=step.id, type=MetadataResourceTypes.STEP_RUN)
    Client().create_run_metadata(metadata={f"{_PREFIX}{key}": entry}, resources=[resource])
