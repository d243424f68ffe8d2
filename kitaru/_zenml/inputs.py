"""Arguments of a checkpoint call on their way to ZenML's step inputs.

ZenML takes, for each input, an artifact, a list of artifacts of earlier steps, or a JSON parameter. A Python call
takes more: a dict of results and constants, a list of futures. Such a container becomes a list of the artifacts in
it, and its shape, with numbered slots in their place, travels beside them in the input ``kitaru_call``.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from zenml.artifacts.utils import save_artifact
from zenml.enums import ArtifactSaveType
from zenml.execution.pipeline.dynamic.outputs import OutputArtifact
from zenml.models import ArtifactVersionResponse

from kitaru._core.structure import Slot, encode, replace
from kitaru._zenml.steps import captured
from kitaru._zenml.values import is_parameter, storable
from kitaru.checkpoint import CALL_INPUT, CheckpointFuture, CheckpointFutures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru._zenml.lineage import Lineage
    from kitaru.checkpoint import Checkpoint

# A flow's input that is no plain JSON is recorded as {ARTIFACT_KEY: <artifact id>, ...}.
ARTIFACT_KEY = "kitaru_artifact"
WALKED = (list, tuple, dict, CheckpointFutures)
_Artifact = OutputArtifact | ArtifactVersionResponse


@dataclass
class StepInputs:
    """The inputs of one step as ZenML takes them."""

    parameters: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)

    @property
    def producers(self) -> set[str]:
        """Names of the steps whose outputs are among the inputs."""
        values = [item for value in self.artifacts.values() for item in (value if isinstance(value, list) else [value])]
        return {value.step_name for value in values if isinstance(value, OutputArtifact)}


def freeze(value: Any, lineage: Lineage, what: str) -> Any:
    """Take an argument as it is now, so that what the body does to it afterwards does not reach the checkpoint.

    Args:
        value: The argument.
        lineage: Knows which values are what an artifact holds.
        what: What the value is, for a message.

    Returns:
        A structure of futures, artifacts and copies of plain values.

    Raises:
        KitaruUsageError: A value in it cannot be stored.
    """
    known = value if isinstance(value, CheckpointFuture) else lineage.find(value)
    if known is not None:
        return known
    if type(value) in WALKED:
        shape = replace(value, lambda leaf: _step_output(lineage, leaf) or leaf, WALKED)
        if _any_leaf(shape, _is_reference):
            return replace(shape, lambda leaf: leaf if _is_reference(leaf) else copy.deepcopy(leaf), WALKED)
    if is_parameter(value):
        return copy.deepcopy(value)
    return save(storable(value, what), "input")


def step_inputs(
    checkpoint: Checkpoint[..., Any],
    frozen: Mapping[str, Any],
    settle: Callable[[CheckpointFuture[Any]], Any],
    what: str,
) -> StepInputs:
    """Build a step's inputs from frozen arguments.

    Args:
        checkpoint: The checkpoint.
        frozen: What :func:`freeze` made of each argument, by parameter.
        settle: Waits for a future and returns its artifact, or its value where that is not one artifact.
        what: What the values are, for a message.
    """
    inputs = StepInputs()
    shapes: dict[str, Any] = {}
    for parameter, value in frozen.items():
        recorded = checkpoint.record_names[parameter]
        shape, artifacts = _shaped(value, settle)
        if isinstance(shape, Slot):
            inputs.artifacts[recorded] = artifacts[0]
        elif artifacts:
            inputs.artifacts[recorded] = artifacts
            if shape != [Slot(i) for i in range(len(artifacts))]:  # ZenML gives the step a plain list by itself
                shapes[parameter] = shape
        elif is_parameter(shape):
            inputs.parameters[recorded] = shape
        else:
            inputs.artifacts[recorded] = save(storable(shape, what), "input")
    _describe_call(inputs, shapes, captured(checkpoint), what)
    return inputs


def save(value: Any, kind: str) -> ArtifactVersionResponse:
    """Store a value that no step returned, and return its artifact."""
    name = f"kitaru_{kind}_{uuid4()}"
    return save_artifact(
        data=value,
        name=name,
        uri=f"kitaru/{kind}/{name}",
        save_type=ArtifactSaveType.EXTERNAL,
        has_custom_name=False,
    )


def _describe_call(inputs: StepInputs, shapes: dict[str, Any], closure: str | None, what: str) -> None:
    about: dict[str, Any] = {"captured": closure} if closure is not None else {}
    if shapes:
        encoded = {parameter: encode(shape) for parameter, shape in shapes.items()}
        if is_parameter(encoded):
            about["shapes"] = encoded
        else:
            about["structures"] = shapes
            inputs.artifacts[CALL_INPUT] = save(storable(about, what), "input")
            return
    if about:
        inputs.parameters[CALL_INPUT] = about


def _shaped(value: Any, settle: Callable[[CheckpointFuture[Any]], Any]) -> tuple[Any, list[_Artifact]]:
    artifacts: list[_Artifact] = []

    def take(leaf: Any) -> Any:
        if isinstance(leaf, CheckpointFuture):
            leaf = settle(leaf)
        if not isinstance(leaf, _Artifact):
            return leaf
        artifacts.append(leaf)
        return Slot(len(artifacts) - 1)

    return replace(value, take, WALKED), artifacts


def _step_output(lineage: Lineage, leaf: Any) -> OutputArtifact | None:
    found = lineage.find(leaf)
    return found if isinstance(found, OutputArtifact) else None


def _is_reference(leaf: Any) -> bool:
    return isinstance(leaf, CheckpointFuture | OutputArtifact)


def _any_leaf(value: Any, test: Callable[[Any], bool]) -> bool:
    found: list[bool] = []
    replace(value, lambda leaf: found.append(test(leaf)) or leaf, WALKED)  # type: ignore[func-returns-value]
    return any(found)
