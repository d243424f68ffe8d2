"""Checkpoints as ZenML steps: how they are built, and what runs inside one."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from zenml import get_step_context
from zenml import step as zenml_step
from zenml.config import ResourceSettings
from zenml.config.source import Source, SourceType
from zenml.enums import StepRuntime
from zenml.utils import source_utils

from kitaru._core import scope
from kitaru._core.modules import locate
from kitaru._core.signatures import call
from kitaru._core.structure import Slot, decode, replace
from kitaru._zenml.prints import finish_line
from kitaru._zenml.private import set_source
from kitaru._zenml.values import fingerprint, storable
from kitaru.checkpoint import CALL_INPUT
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zenml.steps import BaseStep

    from kitaru.checkpoint import Checkpoint


def give_source(entry: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Tell ZenML under which importable name the entry function of a flow or checkpoint stands."""
    ref = locate(function)
    module = ref.name if ref is not None else function.__module__
    # What cannot be imported is found in this process only, and without a source root.
    kind = SourceType.BUILTIN if ref is None else source_utils.get_source_type(sys.modules[function.__module__])
    set_source(entry, Source(module=module, attribute=entry.__name__, type=kind))


@cache
def build_step(checkpoint: Checkpoint[..., Any]) -> BaseStep:
    """Return the ZenML step of a checkpoint."""
    give_source(checkpoint.entry, checkpoint.func)
    options = checkpoint.options
    settings: dict[str, Any] = dict(options.settings)
    if options.resources is not None:
        settings["resources"] = ResourceSettings(**options.resources)
    decorate = zenml_step(
        name=checkpoint.name,
        enable_cache=options.cache,
        settings=settings or None,
        output_materializers=options.materializers,
        runtime=StepRuntime(options.runtime) if options.runtime else None,
    )
    return decorate(checkpoint.entry)


def captured(checkpoint: Checkpoint[..., Any]) -> str | None:
    """Hash what a checkpoint's function captured from the function around it; None where it captured nothing.

    ZenML's cache looks at the source text, which is the same for every function that a factory makes.
    """
    cells = checkpoint.func.__closure__ or ()
    if not cells:
        return None
    digest = hashlib.blake2b(digest_size=16)
    for cell in cells:
        content = fingerprint(cell.cell_contents)
        digest.update(content if content is not None else repr(id(cell)).encode())
    return digest.hexdigest()


def run_checkpoint(checkpoint: Checkpoint[..., Any], inputs: dict[str, Any], made_by: scope.Call | None) -> Any:
    """Run a checkpoint's function inside its step and return what ZenML shall store.

    Args:
        checkpoint: The checkpoint.
        inputs: Recorded inputs by recorded name.
        made_by: The call, where it was made in this process; it is given the value.
    """
    context = get_step_context()
    values = _arguments(checkpoint, inputs)
    with scope.in_checkpoint(scope.CheckpointScope(context.step_run.name, str(context.pipeline_run.id))):
        value = call(checkpoint.func, checkpoint.signature, values)
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
    finish_line()
    stored = _outputs(checkpoint, context.step_run.name, value)
    if made_by is not None:
        made_by.value, made_by.has_value = value, True
    return stored


def _arguments(checkpoint: Checkpoint[..., Any], inputs: dict[str, Any]) -> dict[str, Any]:
    about = inputs.get(CALL_INPUT) or {}
    values = {}
    for parameter, recorded in checkpoint.record_names.items():
        value = inputs[recorded]
        if parameter in about.get("shapes", {}):
            value = decode(about["shapes"][parameter], value or [])
        elif parameter in about.get("structures", {}):
            value = _filled(about["structures"][parameter], value or [])
        values[parameter] = value
    return values


def _filled(structure: Any, slots: list[Any]) -> Any:
    return replace(structure, lambda leaf: slots[leaf.index] if isinstance(leaf, Slot) else leaf)


def _outputs(checkpoint: Checkpoint[..., Any], name: str, value: Any) -> Any:
    if checkpoint.options.materializers is not None:
        return value
    count = len(build_step(checkpoint).entrypoint_definition.outputs)
    what = f"The output of checkpoint {name!r}"
    if count == 0 and value is not None:
        raise KitaruUsageError(
            f"Checkpoint {name!r} is annotated to return None, but returned a value of type {type(value).__name__}. "
            f"Mend the annotation, or return nothing."
        )
    if count <= 1:
        return storable(value, what) if count else None
    if not isinstance(value, tuple | list) or len(value) != count:
        raise KitaruUsageError(
            f"Checkpoint {name!r} is annotated to return {count} values, but returned {type(value).__name__}"
            f"{f' of {len(value)}' if isinstance(value, tuple | list) else ''}. Mend the annotation or the return."
        )
    return tuple(storable(item, f"{what} ({i + 1} of {count})") for i, item in enumerate(value))
