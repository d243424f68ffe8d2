"""Checkpoints as ZenML steps: how they are built, and what runs inside one."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import uuid4

from zenml import get_step_context
from zenml import step as zenml_step
from zenml.client import Client
from zenml.config.source import Source, SourceType
from zenml.enums import ExecutionStatus, StepType
from zenml.exceptions import RunStoppedException
from zenml.orchestrators.publish_utils import publish_step_run_status_update
from zenml.utils import source_utils

from kitaru._core.code import scope
from kitaru._core.code.definitions import CALL_INPUT
from kitaru._core.code.event_loop import in_shared_loop, in_this_loop
from kitaru._core.code.modules import locate
from kitaru._core.code.signatures import call
from kitaru._core.code.structure import Slot, decode, replace
from kitaru._core.process.environments import temporarily
from kitaru._core.values.contents import Content
from kitaru._zenml.door.private import (
    allow_terminals,
    find_outputs_by_their_names,
    set_environments_by,
    set_source,
)
from kitaru._zenml.records.original import plan_of
from kitaru._zenml.records.records import TAGS_KEY, extra_of
from kitaru._zenml.running import foreign_paths, in_process, isolation, time_limits
from kitaru._zenml.running.configuration import step_configuration
from kitaru._zenml.running.log_threads import give_threads_logs
from kitaru._zenml.running.prints import finish_line, take_streams
from kitaru._zenml.running.time_limits import TIMEOUT_KEY
from kitaru._zenml.values.content_hash import stable_digest
from kitaru._zenml.values.values import Pickled, fingerprint, storable
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CellType

    from zenml.models import StepRunResponse
    from zenml.steps import BaseStep
    from zenml.steps.step_context import StepContext

    from kitaru._core.code.definitions import CheckpointDefinition, CheckpointOptions

GIVEN_UP: Final = "the flow's body has ended without waiting for it"

allow_terminals()
set_environments_by(temporarily)
find_outputs_by_their_names()


def give_source(entry: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Tell ZenML under which importable name the entry function of a flow or checkpoint stands."""
    ref = locate(function)
    module = ref.name if ref is not None else function.__module__
    kind = source_utils.get_source_type(sys.modules[function.__module__]) if ref is not None else SourceType.BUILTIN
    # What is loaded by its name alone, without a source root: what cannot be imported is found in this process only, and
    # what is installed is installed wherever the flow runs. ZenML would want to know of which distribution it is.
    if kind == SourceType.DISTRIBUTION_PACKAGE:
        kind = SourceType.BUILTIN
    set_source(entry, Source(module=module, attribute=entry.__name__, type=kind))


def build_step(checkpoint: CheckpointDefinition[..., Any]) -> BaseStep:
    """Return the ZenML step of a checkpoint; one for all calls whose options say the same to ZenML."""
    return _built(checkpoint.source, StepOptions.of(checkpoint))


@dataclass(frozen=True)
class StepOptions:
    """Options of a call as ZenML's step has them; equal where one step can stand for both calls.

    Attributes:
        text: What tells them from others.
        options: The options.
    """

    text: str
    options: CheckpointOptions = field(compare=False)

    @classmethod
    def of(cls, checkpoint: CheckpointDefinition[..., Any]) -> Self:
        """Return those of a call of a checkpoint, or of the checkpoint itself."""
        options = checkpoint.options
        if options is checkpoint.source.options:
            return cls("", options)
        return cls(repr((options.cache, options.runtime, options.resources, options.zenml)), options)


@cache
def _built(checkpoint: CheckpointDefinition[..., Any], call: StepOptions) -> BaseStep:
    give_source(checkpoint.entry, checkpoint.planted)
    options = call.options
    decorate = zenml_step(
        **step_configuration(checkpoint.name, options, Client().active_stack),
        name=checkpoint.name,
        enable_cache=options.cache,
        output_materializers=options.materializers,
        runtime=isolation.runtime(checkpoint.name, options.runtime),
        step_type=_step_type(options.type),
    )
    return decorate(checkpoint.entry)


def _step_type(name: str | None) -> StepType | None:
    """Return ZenML's type of step for the word of a checkpoint; None where ZenML has no such type."""
    return StepType(name) if name in set(StepType) else None


def captured(checkpoint: CheckpointDefinition[..., Any]) -> str | None:
    """Hash what a checkpoint's function captured from the function around it; None where it captured nothing.

    ZenML's cache looks at the source text, which is the same for every function that a factory makes.
    """
    if checkpoint.identity is not None:
        return checkpoint.identity
    cells = checkpoint.func.__closure__ or ()
    if not cells:
        return None
    # What cannot be told is taken for changed.
    return " ".join(_digest_of(cell) or uuid4().hex for cell in cells)


def _digest_of(cell: CellType) -> str | None:
    try:
        value = cell.cell_contents
    except ValueError:  # not assigned yet
        return None
    known = stable_digest(value) or fingerprint(value)
    return known.hex() if isinstance(known, bytes) else known


def run_checkpoint(checkpoint: CheckpointDefinition[..., Any], inputs: dict[str, Any]) -> Any:
    """Run a checkpoint's function inside its step and return what ZenML shall store.

    Args:
        checkpoint: The checkpoint that the module's attribute names; the one that was called comes first.
        inputs: Recorded inputs by recorded name.
    """
    with _step(checkpoint, inputs) as step:
        value = step.run_in_process() if step.has_process else step.run_here()
    return step.finish(value)


async def run_async_checkpoint(checkpoint: CheckpointDefinition[..., Any], inputs: dict[str, Any]) -> Any:
    """Run an async checkpoint's function; as :func:`run_checkpoint`."""
    with _step(checkpoint, inputs) as step:
        if step.has_process:  # ZenML has a loop for each step, which waits for nothing else
            value = step.run_in_process()
        else:
            function = time_limits.await_it(step.run(), step.timeout, step.name)
            # What an experiment tracker has begun for the step belongs to the step's own thread.
            run = in_this_loop if step.is_tracked else in_shared_loop
            value = await run(function, step.can_be_cancelled)
    return step.finish(value)


@dataclass(frozen=True)
class _Step:
    name: str
    checkpoint: CheckpointDefinition[..., Any]
    arguments: dict[str, Any]
    made_by: scope.Call | None
    is_tracked: bool
    timeout: float | None

    @property
    def has_process(self) -> bool:
        """Whether its function runs in a process of its own."""
        return self.checkpoint.options.runtime == isolation.PROCESS and self.made_by is not None

    def run_here(self) -> Any:
        """Run its function in this process."""
        return time_limits.run(self.run, self.timeout, self.name, is_container=self.made_by is None)

    def run(self) -> Any:
        """Call its function."""
        return call(self.checkpoint.func, self.checkpoint.signature, self.arguments)

    def run_in_process(self) -> Any:
        """Run its function in a process of its own."""
        body = scope.current_body()
        assert self.made_by is not None
        assert body is not None
        return in_process.run(self.checkpoint, self.name, self.arguments, self.made_by, body.workers)

    def can_be_cancelled(self, cancel: Callable[[], None]) -> None:
        """Take what cancels it."""
        if self.made_by is not None:
            self.made_by.end_by(cancel)

    def finish(self, value: Any) -> Any:
        """Hand the value to the call, where that was made in this process, and return what ZenML shall store."""
        finish_line()
        stored = _outputs(self.checkpoint, self.name, value)
        # The body gets files and folders as the store gives them, now as after a recovery.
        if self.made_by is not None and not _holds_content(stored):
            self.made_by.value, self.made_by.has_value = value, True
        return stored


def _holds_content(stored: Any) -> bool:
    if type(stored) is tuple:
        return any(map(_holds_content, stored))
    return isinstance(stored, Content) or (isinstance(stored, Pickled) and stored.holds_content)


@contextmanager
def _step(checkpoint: CheckpointDefinition[..., Any], inputs: dict[str, Any]) -> Iterator[_Step]:
    context = get_step_context()
    made_by = scope.current_call()
    if made_by is None:  # a container of the step's own
        take_streams(users_own=False)
        give_threads_logs()
    _tag_outputs(context)
    called = checkpoint if made_by is None else made_by.checkpoint
    is_tracked = bool(context.step_run.config.experiment_tracker)
    timeout = called.options.timeout if made_by is not None else _timeout_of(context.step_run)
    step = _Step(context.step_run.name, called, arguments_of(called, inputs), made_by, is_tracked, timeout)
    here = scope.CheckpointScope(step.name, str(context.pipeline_run.id), _replayed(context))
    with (
        _running(made_by, context.step_run),
        scope.in_checkpoint(here),
        foreign_paths.told(step.arguments, context.pipeline_run),
    ):
        yield step


def _tag_outputs(context: StepContext) -> None:
    tags = extra_of(context.step_run).get(TAGS_KEY, [])
    for output in in_process.output_names(context) if tags else ():
        context.add_output_tags(tags, output)


def _timeout_of(step_run: StepRunResponse) -> float | None:
    """Return the time limit of the call that this container is there for."""
    limit: float | None = extra_of(step_run).get(TIMEOUT_KEY)
    return limit


@contextmanager
def _running(made_by: scope.Call | None, step_run: StepRunResponse) -> Iterator[None]:
    if made_by is None:
        yield
        return
    try:
        with made_by.running():
            yield
    except scope.StoppedCall:
        # As stopping, what fails is taken for stopped. All but this error ZenML would try again.
        publish_step_run_status_update(step_run.id, ExecutionStatus.STOPPING)
        raise RunStoppedException(GIVEN_UP) from None


def _replayed(context: StepContext) -> str | None:
    """Return the execution that a checkpoint's execution replays."""
    body = scope.current_body()
    if body is not None:
        return body.replay_of
    plan = plan_of(context.pipeline_run)
    return plan.original if plan is not None else None


def arguments_of(checkpoint: CheckpointDefinition[..., Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by parameter, from its recorded inputs by recorded name."""
    layout = inputs.get(CALL_INPUT) or {}
    values = {}
    for parameter, recorded in checkpoint.record_names.items():
        value = inputs[recorded]
        if parameter in layout.get("shapes", {}):
            value = decode(layout["shapes"][parameter], value or [])
        elif parameter in layout.get("structures", {}):
            value = _filled(layout["structures"][parameter], value or [])
        values[parameter] = value
    return values


def _filled(structure: Any, slots: list[Any]) -> Any:
    return replace(structure, lambda leaf: slots[leaf.index] if isinstance(leaf, Slot) else leaf)


def _outputs(checkpoint: CheckpointDefinition[..., Any], name: str, value: Any) -> Any:
    if checkpoint.options.materializers is not None:
        return value
    count = len(build_step(checkpoint).entrypoint_definition.outputs)
    what = f"The output of checkpoint {name!r}"
    if count == 0 and value is not None:
        raise KitaruUsageError(
            f"Checkpoint {name!r} is annotated to return None, but returned a value of type {type(value).__name__}. "
            f"Fix the annotation, or return nothing."
        )
    if count <= 1:
        return storable(value, what) if count else None
    if not isinstance(value, tuple | list) or len(value) != count:
        raise KitaruUsageError(
            f"Checkpoint {name!r} is annotated to return {count} values, but returned {type(value).__name__}"
            f"{f' of {len(value)}' if isinstance(value, tuple | list) else ''}. Fix the annotation or the return value."
        )
    return tuple(storable(item, f"{what} ({i + 1} of {count})") for i, item in enumerate(value))
