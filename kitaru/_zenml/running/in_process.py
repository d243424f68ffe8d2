"""Checkpoints with ``runtime="process"``: the step is here, its function runs in a process of its own."""

from __future__ import annotations

import io
import logging
import os
import pickle
import sys
from functools import cache
from importlib.machinery import PathFinder
from types import FunctionType
from typing import TYPE_CHECKING, Any

from zenml import get_step_context
from zenml.utils.string_utils import format_name_template

from kitaru._core.code import scope
from kitaru._core.code.addresses import address_of
from kitaru._core.code.bytecode import code_digest
from kitaru._core.code.modules import MAIN, import_path, locate
from kitaru._core.code.signatures import arguments_of
from kitaru._core.process import environments
from kitaru._core.settings.environment import processes
from kitaru._core.values.contents import by_path
from kitaru._core.values.pickling import Pickler
from kitaru._workers import memory, step_context
from kitaru._workers.messages import Named, Order
from kitaru._workers.workers import Ending, Hearing, Workers
from kitaru._zenml.records.events import warn
from kitaru._zenml.running import recording
from kitaru._zenml.running.others_output import output_here
from kitaru._zenml.values.culprits import culprit_in
from kitaru._zenml.values.values import AS_INPUT
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.steps.step_context import StepContext

    from kitaru._core.code.definitions import CheckpointDefinition
    from kitaru._core.code.scope import Call


def workers_of(exec_id: str) -> Workers:
    """Return the workers of an execution; as many at once as there are cores, unless KITARU_PROCESSES says otherwise."""
    return Workers(exec_id, processes() or _cores())


def run(
    checkpoint: CheckpointDefinition[..., Any], name: str, arguments: Mapping[str, Any], made_by: Call, workers: Workers
) -> Any:
    """Run the function of a checkpoint in a process of its own, and return its value.

    Args:
        checkpoint: The checkpoint as it was called.
        name: The call's name.
        arguments: Its arguments by parameter.
        made_by: The call.
        workers: The processes.

    Raises:
        KitaruUsageError: It, an argument or the value cannot be sent there.
        KitaruTimeoutError: It has taken longer than its time limit.
        KitaruProcessError: Its process was lost, or needed too much memory.
        Exception: What the function has raised.
    """
    context = get_step_context()
    order = _order(checkpoint, name, arguments, context)
    ending = Ending()
    made_by.end_by(ending.want, scope.PROCESS)
    hearing = Hearing(_print, _log, _do, output_here())
    returned = workers.run(order, hearing, seconds=checkpoint.options.timeout, ending=ending)
    for output, (metadata, tags) in returned.outputs.items():
        context.add_output_metadata(metadata, output)
        context.add_output_tags([tag for tag in tags if tag not in context.get_output_tags(output)], output)
    return pickle.loads(returned.value)  # noqa: S301 - the worker's


def _order(
    checkpoint: CheckpointDefinition[..., Any], name: str, arguments: Mapping[str, Any], context: StepContext
) -> Order:
    place = scope.current_checkpoint()
    assert place is not None
    limit = checkpoint.options.max_memory
    if limit is not None and not memory.CAN_LIMIT:
        _warn_of_memory()
    return Order(
        name,
        place.exec_id,
        place.replay_of,
        _module_of(checkpoint, name),
        logging.root.level,
        limit,
        _call_of(checkpoint, name, arguments),
        step_context.pickled(context, output_names(context)),
        environments.current(),
    )


def output_names(context: StepContext) -> list[str]:
    """Return the names of a step's outputs, as its context knows them."""
    config = context.step_run.config
    return [format_name_template(output, substitutions=config.substitutions) for output in config.outputs]


def _module_of(checkpoint: CheckpointDefinition[..., Any], name: str) -> tuple[str, str | None]:
    """Return the name of the module that the function is of, and its file where the name alone does not lead there."""
    function = checkpoint.func
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    if function.__module__ not in MAIN:
        return function.__module__, None if file is None or _leads_to(function.__module__, file) else file
    ref = locate(checkpoint.planted)
    if ref is None or address_of(checkpoint.source) is None:
        raise KitaruUsageError(
            f'Checkpoint {name!r} has runtime="process", but other processes cannot import its function: it was defined in '
            f"a notebook or a REPL, inside a function of a script, or behind `if __name__ == ...`. Move it to the top level of "
            f'a module, or use runtime="inline".'
        )
    return ref.name, ref.file


def _leads_to(name: str, file: str) -> bool:
    if "." in name:
        return True
    spec = PathFinder.find_spec(name, import_path())
    return spec is not None and spec.origin is not None and os.path.realpath(spec.origin) == os.path.realpath(file)


def _call_of(checkpoint: CheckpointDefinition[..., Any], name: str, arguments: Mapping[str, Any]) -> bytes:
    """Return the function and its arguments as a worker gets them."""
    function = checkpoint.func
    address = address_of(function) if isinstance(function, FunctionType) else None
    args, kwargs = arguments_of(checkpoint.signature, arguments)
    try:
        return _pickled((Named(*address) if address else function, code_digest(function.__code__), args, kwargs))
    except Exception as error:
        for parameter, value in arguments.items():
            if not _can_be_sent(value):
                raise KitaruUsageError(_refusal(name, parameter, value, error)) from error
        raise KitaruUsageError(
            f'Checkpoint {name!r} has runtime="process", and its function cannot be sent to another process: {error}. Define '
            f'it at the top level of a module, or use runtime="inline".'
        ) from error


def _refusal(name: str, parameter: str, value: Any, error: Exception) -> str:
    culprit = culprit_in(value, _can_be_sent)
    return (
        f"Argument {parameter!r} of checkpoint {name!r}, a value of type {type(value).__qualname__}, cannot be sent to the "
        f'process that runtime="process" asks for: it cannot be pickled{f", because of {culprit}" if culprit else ""} ({error}). '
        f'{AS_INPUT} Or use runtime="inline", where it stays in the flow\'s process.'
    )


def _can_be_sent(value: Any) -> bool:
    try:
        _pickled(value)
    except Exception:  # noqa: BLE001 - classes may do anything while they are pickled
        return False
    return True


def _pickled(value: Any) -> bytes:
    buffer = io.BytesIO()
    with by_path():
        Pickler(buffer).dump(value)
    return buffer.getvalue()


def _print(stream: str, text: str) -> None:
    """Print what a worker has printed, as the step's own text."""
    getattr(sys, stream).write(text)


def _log(record: Mapping[str, Any]) -> None:
    """Log what a worker has logged; handlers of the user's it has itself."""
    made = logging.makeLogRecord(dict(record))
    for handler in logging.root.handlers:
        if type(handler).__module__.startswith("zenml.") and made.levelno >= handler.level:
            handler.handle(made)


def _do(action: str, *args: Any, **options: Any) -> Any:
    return recording.ACTIONS[action](*args, **options)


@cache
def _warn_of_memory() -> None:
    warn("max_memory= limits nothing on this system: only Linux limits how much data a process has.")


def _cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1
