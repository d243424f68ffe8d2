"""Arguments of a checkpoint call on their way to ZenML's step inputs.

ZenML takes, for each input, an artifact, a list of artifacts of earlier steps, or a JSON parameter. A Python call
takes more: a dict of results and constants, a list of futures. Such a container becomes a list of the artifacts in
it, and its shape, with numbered slots in their place, travels beside them in the input ``kitaru_call``.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zenml.execution.pipeline.dynamic.outputs import BaseFuture, OutputArtifact
from zenml.models import ArtifactVersionResponse

from kitaru._core.code.definitions import CALL_INPUT
from kitaru._core.code.futures import CheckpointFuture, CheckpointFutures
from kitaru._core.code.structure import Slot, encode, leaves, replace
from kitaru._core.settings.unset import UNSET
from kitaru._zenml.running.plain_step import PlainStep
from kitaru._zenml.running.steps import captured
from kitaru._zenml.values.saving import save
from kitaru._zenml.values.values import AS_INPUT, is_parameter, pickled, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from zenml.config.cache_policy import CachePolicy

    from kitaru._zenml.running.plain_step import Called
    from kitaru._zenml.values.lineage import Lineage
    from kitaru._zenml.values.memory import Held

# A flow's input that is no plain JSON is recorded as {ARTIFACT_KEY: <artifact id>, ...}.
ARTIFACT_KEY = "kitaru_artifact"
WALKED = (list, tuple, dict, CheckpointFutures)
_Artifact = OutputArtifact | ArtifactVersionResponse
# What stands for a value: futures, ZenML's among them, and outputs of plain steps.
_REFERENCES = (CheckpointFuture, OutputArtifact, BaseFuture)


@dataclass
class StepInputs:
    """The inputs of one step as ZenML takes them.

    Attributes:
        parameters: Plain JSON, by recorded name.
        artifacts: What is stored, by recorded name.
        captured: What tells the values that the function took from around it.
        parts_of: The results that parts among the inputs come from.
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)
    captured: str | None = None
    parts_of: list[OutputArtifact] = field(default_factory=list)

    @property
    def producers(self) -> set[str]:
        """Names of the steps whose outputs, or parts of them, are among the inputs."""
        values = [item for value in self.artifacts.values() for item in _listed(value)]
        return {value.step_name for value in (*values, *self.parts_of) if isinstance(value, OutputArtifact)}

    def add_parts(self, wholes: list[OutputArtifact]) -> None:
        """Take note of the results that parts among the inputs come from, but for those that are inputs themselves."""
        values = [item for value in self.artifacts.values() for item in _listed(value)]
        known = {_output(value) for value in values if isinstance(value, OutputArtifact)}
        parts = {_output(whole): whole for whole in wholes}
        self.parts_of += [whole for output, whole in parts.items() if output not in known]

    def plain(self, shape: Any, artifacts: list[_Artifact]) -> tuple[Any, list[_Artifact]]:
        """Put values in the slots of what is more than an artifact or a list of them, as a plain step takes no more."""
        if isinstance(shape, Slot) or _is_list_of_slots(shape):
            return shape, artifacts
        self.add_parts([artifact for artifact in artifacts if isinstance(artifact, OutputArtifact)])

        def filled(leaf: Any) -> Any:
            return artifacts[leaf.index].load(disable_cache=True) if isinstance(leaf, Slot) else leaf

        return replace(shape, filled), []


@dataclass(frozen=True)
class Frozen:
    """The arguments of a call as they are when it is made.

    Attributes:
        values: What :func:`freeze` made of each, by parameter.
        wholes: The results of which they are parts, or have some in them.
    """

    values: dict[str, Any]
    wholes: list[OutputArtifact]


def freeze(value: Any, lineage: Lineage, held: Held, what: str, store: Callable[[Any], ArtifactVersionResponse]) -> Any:
    """Take an argument as it is now, so that what the body does to it afterwards does not reach the checkpoint.

    Args:
        value: The argument.
        lineage: Knows which values are what an artifact holds.
        held: Takes what the call's artifacts hold.
        what: What the value is, for a message.
        store: Stores a value, and returns its artifact.

    Returns:
        A structure of futures, artifacts and copies of plain values.

    Raises:
        KitaruUsageError: A value in it cannot be stored.
    """
    if isinstance(value, _REFERENCES):
        return value
    known = lineage.find(value)
    if known is not None:
        held.keep(known.id, value, unchanged=True)
        return known
    if type(value) in WALKED:
        shape = replace(value, lambda part: _step_output(lineage, held, part) or part, WALKED)
        references = [leaf for leaf in leaves(shape, WALKED) if isinstance(leaf, _REFERENCES)]
        if references:
            return _copied(shape, references, what)
    if is_parameter(value):
        return copy.deepcopy(value)
    return store(value)


def as_given(frozen: Mapping[str, Any], held: Held) -> dict[str, Any]:
    """Return frozen arguments with immutable values for the artifacts that hold them, as the body has given them.

    Args:
        frozen: What :func:`freeze` made of each argument, by parameter.
        held: What the artifacts hold.
    """

    def value_of(part: Any) -> Any:
        value = held.immutable(part.id) if isinstance(part, ArtifactVersionResponse) else UNSET
        return part if value is UNSET else value

    return {name: replace(value, value_of, WALKED) for name, value in frozen.items()}


def _copied(shape: Any, references: list[Any], what: str) -> Any:
    kept = {id(reference): reference for reference in references}
    try:
        return copy.deepcopy(shape, dict(kept))
    except Exception:
        for leaf in leaves(shape, WALKED):
            if id(leaf) not in kept:
                pickled(leaf, what, AS_INPUT)  # says which one it is: what cannot be copied cannot be stored either
        raise


def step_inputs(
    checkpoint: Called,
    frozen: Mapping[str, Any],
    settle: Callable[[CheckpointFuture[Any]], Any],
    what: str,
) -> StepInputs:
    """Build a step's inputs from frozen arguments.

    Args:
        checkpoint: The checkpoint.
        frozen: What :func:`freeze` made of each argument, by parameter.
        settle: Waits for a future and returns its artifact, a tuple of them where it has several, or None.
        what: What the values are, for a message.
    """
    inputs = StepInputs(captured=_captured(checkpoint))
    shapes: dict[str, Any] = {}
    for parameter, value in frozen.items():
        recorded = checkpoint.record_names[parameter]
        shape, artifacts = _shaped(value, settle)
        if isinstance(checkpoint, PlainStep):
            shape, artifacts = inputs.plain(shape, artifacts)
        if isinstance(shape, Slot):
            inputs.artifacts[recorded] = artifacts[0]
        elif artifacts:
            inputs.artifacts[recorded] = artifacts
            if not _is_list_of_slots(shape):  # ZenML gives the step a plain list by itself
                shapes[parameter] = shape
        elif is_parameter(shape):
            inputs.parameters[recorded] = shape
        else:
            inputs.artifacts[recorded] = save(storable(shape, what, AS_INPUT), "input")
    if shapes:
        _describe_shapes(inputs, shapes, what)
    return inputs


def _captured(called: Called) -> str | None:
    return None if isinstance(called, PlainStep) else captured(called)


def _describe_shapes(inputs: StepInputs, shapes: dict[str, Any], what: str) -> None:
    encoded = {parameter: encode(shape) for parameter, shape in shapes.items()}
    if is_parameter(encoded):
        inputs.parameters[CALL_INPUT] = {"shapes": encoded}
    else:
        inputs.artifacts[CALL_INPUT] = save(storable({"structures": shapes}, what, AS_INPUT), "input")


def cache_key(inputs: StepInputs, policy: CachePolicy, ignored: Collection[str]) -> str:
    """Hash what ZenML's own cache key leaves out.

    It joins parameters as text, where ``"1"`` is ``1`` and ``a="1b", b=""`` is ``a="1", b="b"``; its hashes of
    artifacts know no types, so that a list is a tuple; of a closure it knows only the source; and it ignores no parameter.

    Args:
        inputs: The inputs of a checkpoint's call.
        policy: What of the call is to count.
        ignored: The parameters that are not to count, by their names in the signature and as recorded.
    """
    counted = {name: value for name, value in inputs.parameters.items() if name not in ignored}
    if ignored and CALL_INPUT in counted:
        shapes = counted[CALL_INPUT]["shapes"]
        counted[CALL_INPUT] = {"shapes": {name: shape for name, shape in shapes.items() if name not in ignored}}
    types = {
        name: [str(item.data_type.import_path) for item in _listed(value)]
        for name, value in inputs.artifacts.items()
        if name not in ignored
    }
    parts = [
        counted if policy.include_step_parameters else {},
        types,
        inputs.captured if policy.include_step_code else None,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _output(artifact: OutputArtifact) -> tuple[str, str]:
    return artifact.step_name, artifact.output_name


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_list_of_slots(shape: Any) -> bool:
    return type(shape) is list and all(isinstance(item, Slot) for item in shape)


def _shaped(value: Any, settle: Callable[[CheckpointFuture[Any]], Any]) -> tuple[Any, list[_Artifact]]:
    artifacts: list[_Artifact] = []

    def each(settled: Any) -> Any:
        return type(settled)(map(each, settled)) if type(settled) in (list, tuple) else take(settled)

    def take(leaf: Any) -> Any:
        if isinstance(leaf, CheckpointFuture):
            return each(settle(leaf))
        if isinstance(leaf, BaseFuture):
            return each(leaf.result())
        if not isinstance(leaf, _Artifact):
            return leaf
        artifacts.append(leaf)
        return Slot(len(artifacts) - 1)

    return replace(value, take, WALKED), artifacts


def _step_output(lineage: Lineage, held: Held, leaf: Any) -> OutputArtifact | None:
    artifact = lineage.find(leaf)
    if not isinstance(artifact, OutputArtifact):
        return None
    held.keep(artifact.id, leaf, unchanged=True)
    return artifact
