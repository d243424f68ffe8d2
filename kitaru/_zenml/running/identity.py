"""What tells the calls of a body from each other: their checkpoint, and digests of what they are given."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from zenml.constants import CODE_HASH_PARAMETER_NAME
from zenml.execution.pipeline.dynamic.outputs import BaseFuture
from zenml.models import ArtifactVersionResponse

from kitaru._core.code.definitions import PART_INPUT
from kitaru._core.code.futures import CheckpointFuture
from kitaru._core.code.modules import locate
from kitaru._core.code.named import NamedCall
from kitaru._core.identity.digests import Undigestible, digest
from kitaru._zenml.running.plain_step import PlainStep
from kitaru._zenml.running.steps import arguments_of, build_step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.models import StepRunResponse

    from kitaru._core.code.definitions import CheckpointDefinition
    from kitaru._zenml.running.outcomes import Outcome
    from kitaru._zenml.running.plain_step import Called
    from kitaru._zenml.values.lineage import Lineage


# What is recorded for an input that has no stable digest; ZenML keeps no None there.
NO_DIGEST: Final = "none"


@dataclass(frozen=True)
class Inputs:
    """What a call is given.

    Attributes:
        digests: The digest of each input; None for one that has no stable one, or that is not there yet.
        pending: The inputs that hold results which are not there yet, or never will be.
    """

    digests: Mapping[str, str | None]
    pending: frozenset[str]


class _NotThere(Exception):  # noqa: N818 - never leaves this module
    """A future has no result, or none yet."""


def inputs_of(values: Mapping[str, Any], lineage: Lineage) -> Inputs:
    """Return the digests of a call's inputs.

    Args:
        values: The inputs by name.
        lineage: Knows which values are what an artifact holds: that stands for them.
    """

    def token(part: Any) -> str | None:
        known = lineage.find(part)
        return _token(part) if known is None else str(known.id)

    digests: dict[str, str | None] = {}
    pending = set()
    for name, value in values.items():
        try:
            digests[name] = digest(value, token)
        except Undigestible:
            digests[name] = None
        except _NotThere:
            digests[name] = None
            pending.add(name)
    return Inputs(digests, frozenset(pending))


def named_inputs(called: Called, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a call is given, by the names that people know: of an adapter's call its inputs, one by one."""
    if isinstance(called, NamedCall):
        return called.identity_of(values["inputs"])
    return values


def recorded_arguments(called: Called, step: StepRunResponse) -> Mapping[str, Any]:
    """Return what a recorded call was given, by parameter; reads artifacts from the store."""
    inputs = dict(step.config.parameters)
    for name, artifacts in step.inputs.items():
        if name == PART_INPUT:
            continue
        values = [artifact.load(disable_cache=True) for artifact in artifacts]
        inputs[name] = values if _is_list(step, name) or len(values) != 1 else values[0]
    return inputs if isinstance(called, PlainStep) else arguments_of(called, inputs)


def _is_list(step: StepRunResponse, name: str) -> bool:
    """Whether an input is a list of artifacts, be it of one."""
    return isinstance(step.spec.inputs.get(name), list) or isinstance(
        step.config.external_input_artifacts.get(name), list
    )


def _token(part: Any) -> str | None:
    """Stand for a result by its artifact."""
    if isinstance(part, CheckpointFuture):
        return _joined(_outcome_of(part).artifacts_of(part))
    if isinstance(part, BaseFuture):
        return _joined(_results_of(part))
    if isinstance(part, ArtifactVersionResponse):
        chunk = getattr(part, "chunk_index", None)
        return str(part.id) if chunk is None else f"{part.id}[{chunk}]"
    return None


def _joined(artifacts: Any) -> str:
    parts = artifacts if isinstance(artifacts, list | tuple) else [artifacts]
    return ",".join(_token(part) or "none" for part in parts)


def _outcome_of(future: CheckpointFuture[Any]) -> Outcome:
    done = future._future  # noqa: SLF001 - the future's other half
    if not done.done() or done.cancelled() or done.exception() is not None:
        raise _NotThere
    outcome: Outcome = done.result()
    return outcome


def _results_of(future: BaseFuture) -> Any:
    try:
        if not future.running():
            return future.result()
    except Exception as error:
        raise _NotThere from error
    raise _NotThere


def key_of(called: Called) -> str:
    """Return what tells a checkpoint or step from others: where it stands, and for what a factory made, which one it is."""
    if isinstance(called, NamedCall):
        return f"call {called.name}"
    if isinstance(called, PlainStep):
        return f"step {called.func.__module__}.{called.func.__qualname__} {called.name}"
    return _key_of_checkpoint(called.source)


@cache
def _key_of_checkpoint(checkpoint: CheckpointDefinition[..., Any]) -> str:
    function = checkpoint.func
    ref = locate(checkpoint.planted)
    name = f"{ref.name if ref is not None else function.__module__}.{function.__qualname__}"
    if not function.__closure__:
        return name
    attribute = _attribute_of(checkpoint)
    return f"{name} {attribute or ' '.join(_content_of(cell) for cell in function.__closure__)}"


def _attribute_of(checkpoint: CheckpointDefinition[..., Any]) -> str | None:
    """Return the name that its module gives to what a factory made."""
    module = sys.modules.get(checkpoint.func.__module__)
    return next((name for name, value in vars(module).items() if value is checkpoint), None) if module else None


def _content_of(cell: Any) -> str:
    try:
        return digest(cell.cell_contents)
    except (Undigestible, ValueError):  # a cell may not be assigned yet
        return "?"


def code_of(called: Called) -> str | None:
    """Return the hash of a checkpoint's or step's source."""
    return called.code if isinstance(called, PlainStep) else _code_of_checkpoint(called.source)


@cache
def _code_of_checkpoint(checkpoint: CheckpointDefinition[..., Any]) -> str | None:
    code: str | None = build_step(checkpoint).caching_parameters.get(CODE_HASH_PARAMETER_NAME)
    return code
