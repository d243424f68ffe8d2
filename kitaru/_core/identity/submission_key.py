"""The key of an order: by it an execution is found that was started for the same order before."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.identity.digests import Undigestible, digest
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.code.modules import ModuleRef

# Of a run's name, for people: how much of the flow's name and of the key it shows. ZenML takes 255 characters.
_FLOW_SHOWN: Final = 100
_KEY_SHOWN: Final = 80


@dataclass(frozen=True)
class SubmissionKey:
    """What tells the order for which an execution is started.

    Attributes:
        key: The key, as it was given.
        flow: The flow: its module and name.
        run_name: The name of its run, which ZenML lets only one run of a project have.
        inputs: Digests of the flow's arguments by parameter: what differs is told, and no value is shown.
    """

    key: str
    flow: str
    run_name: str
    inputs: Mapping[str, str]

    def differing(self, recorded: Mapping[str, Any]) -> list[str]:
        """Return the parameters that the recorded execution was given something else for."""
        names = {**recorded, **self.inputs}
        return [name for name in names if recorded.get(name) != self.inputs.get(name)]

    def to_json(self) -> dict[str, Any]:
        """Return what is stored with the run."""
        return {"key": self.key, "inputs": dict(self.inputs)}


def submission_key(
    flow: FlowDefinition[..., Any], module: ModuleRef | None, values: Mapping[str, Any], key: str
) -> SubmissionKey:
    """Return the key of an order.

    Args:
        flow: The flow.
        module: Its module, as a runner finds it.
        values: Its bound arguments by parameter.
        key: The key that was given.

    Raises:
        KitaruUsageError: An argument has no digest, so that nothing would tell whether the next one is the same.
    """
    return SubmissionKey(
        key,
        flow_path(flow, module.name if module else None),
        _run_name(flow.name, key),
        {name: _digest(flow, name, values[name]) for name in values},
    )


def flow_path(flow: FlowDefinition[..., Any], module: str | None) -> str:
    """Return a flow's module and name, such as ``"team.flows:nightly"``.

    Args:
        flow: The flow.
        module: The name of its module, as a runner finds it; None where no other process can.
    """
    return f"{module or flow.__module__}:{flow.__qualname__}"


def _digest(flow: FlowDefinition[..., Any], name: str, value: Any) -> str:
    try:
        return digest(value)
    except Undigestible as error:
        raise KitaruUsageError(
            f"Flow {flow.name!r} was given an idempotency_key, but its input {name!r} cannot be compared with that of another "
            f"submission. {error} Pass plain data, or a path or an id from which the flow loads it."
        ) from error


def _run_name(flow: str, key: str) -> str:
    """Return a run's name: in words as far as ZenML has no meaning for them, and exact by a digest."""
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", key)[:_KEY_SHOWN]
    exact = hashlib.sha256(json.dumps([flow, key]).encode()).hexdigest()[:16]
    return f"{flow[:_FLOW_SHOWN]}-{words}-{exact}"
