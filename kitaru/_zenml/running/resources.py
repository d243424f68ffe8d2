"""What a checkpoint asks for of processors and memory, as the orchestrators understand it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zenml.client import Client

from kitaru._zenml.stacks.stacks import orchestrator_flavor

if TYPE_CHECKING:
    from zenml.config import ResourceSettings

_GPU = "nvidia.com/gpu"


def resource_settings(resources: ResourceSettings, step_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step settings that bring resources to where the checkpoint runs.

    ZenML's Kubernetes orchestrator does not pass a step's resources on to its pod, so that they are told as settings of
    the pod as well; what the user says of the pod wins.

    Args:
        resources: What the checkpoint asks for.
        step_settings: The step settings that the checkpoint has besides.
    """
    settings: dict[str, Any] = {"resources": resources}
    if orchestrator_flavor(Client().active_stack_model) != "kubernetes":
        return settings
    amounts = _of_pod(resources)
    key = next((name for name in ("orchestrator.kubernetes", "orchestrator") if name in step_settings), "orchestrator")
    before = step_settings.get(key, {})
    if not amounts or not isinstance(before, Mapping):  # an object of ZenML's says all that there is to say
        return settings
    pod = dict(before.get("pod_settings") or {})
    pod.setdefault("resources", {"requests": amounts, "limits": amounts})
    return {**settings, key: {**before, "pod_settings": pod}}


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
