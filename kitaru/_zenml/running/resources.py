"""What a checkpoint asks for of processors and memory, as the orchestrators understand it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zenml.client import Client
from zenml.config import ResourceSettings

from kitaru._zenml.stacks.stacks import orchestrator_flavor

if TYPE_CHECKING:
    from zenml.models import StackResponse
    from zenml.orchestrators import BaseOrchestrator

_GPU = "nvidia.com/gpu"
_KUBERNETES = "kubernetes"
_OWN_POD = "orchestrator_pod_settings"  # of the flow, not of single checkpoints


def resource_settings(resources: ResourceSettings, step_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step settings that bring resources to where the checkpoint runs.

    ZenML's Kubernetes orchestrator does not pass a step's resources on to its pod, so that they are told as settings of
    the pod as well; what the user says of the pod wins.

    Args:
        resources: What the checkpoint asks for.
        step_settings: The step settings that the checkpoint has besides.
    """
    settings: dict[str, Any] = {"resources": resources}
    if orchestrator_flavor(Client().active_stack_model) != _KUBERNETES:
        return settings
    amounts = _of_pod(resources)
    key = next((name for name in ("orchestrator.kubernetes", "orchestrator") if name in step_settings), "orchestrator")
    before = step_settings.get(key, {})
    if not amounts or not isinstance(before, Mapping):  # an object of ZenML's says all that there is to say
        return settings
    pod = dict(before.get("pod_settings") or {})
    pod.setdefault("resources", {"requests": amounts, "limits": amounts})
    return {**settings, key: {**before, "pod_settings": pod}}


def pod_of_flow(
    orchestrator: BaseOrchestrator, resources: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of an orchestrator that bring resources to the pod of a flow itself.

    What else the user says of that pod stays, or what the stack's component says of it.

    Args:
        orchestrator: The orchestrator.
        resources: What the flow asks for.
        given: The user's settings of the orchestrator.
    """
    if not resources or orchestrator.flavor != _KUBERNETES:
        return {}
    amounts = _of_pod(ResourceSettings(**resources))
    pod = given.get(_OWN_POD) or orchestrator.config.model_dump().get(_OWN_POD) or {}
    return {_OWN_POD: {**pod, "resources": {"requests": amounts, "limits": amounts}}}


def warn_of_flow(stack: StackResponse, resources: Mapping[str, Any] | None) -> None:
    """Tell the submitter of a flow where its resources have no effect."""
    flavor = orchestrator_flavor(stack)
    if resources and flavor != _KUBERNETES:
        sys.stderr.write(
            f"kitaru: the flow's resources have no effect on stack {stack.name!r}: its orchestrator is of flavor {flavor!r}, and "
            f"only the Kubernetes one gives a flow's own container what it asks for.\n"
        )


def _of_pod(resources: ResourceSettings) -> dict[str, str]:
    amounts: dict[str, str] = {}
    if resources.cpu_count is not None:
        amounts["cpu"] = f"{resources.cpu_count:g}"
    if resources.memory is not None:
        amounts["memory"] = _quantity(resources.memory)
    if resources.gpu_count:
        amounts[_GPU] = str(resources.gpu_count)
    return amounts


def _quantity(memory: str) -> str:
    """Return ZenML's amount in Kubernetes' terms: ``"4GB"`` is ``"4G"``, ``"4GiB"`` is ``"4Gi"``."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]+)", memory.strip()).groups()  # type: ignore[union-attr]  # ZenML checked it
    return f"{number}{unit.removesuffix('B').replace('K', 'k') if unit == 'KB' else unit.removesuffix('B')}"
