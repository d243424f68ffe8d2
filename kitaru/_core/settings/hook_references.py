"""How the process that runs an execution finds its hooks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.code.references import reference
from kitaru._core.settings.flow_options import HOOKS
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.code.modules import ModuleRef
    from kitaru._core.policies.hook_functions import Hook
    from kitaru._core.settings.flow_options import FlowOptions

LOCAL: Final = "local"
"""Stands in the place of a reference to what only the process has that submits the execution."""


def hook_references(
    flow: FlowDefinition[..., Any], options: FlowOptions, module: ModuleRef | None, *, may_be_local: bool
) -> dict[str, list[dict[str, Any]]]:
    """Return how each hook is found, by event, as plain data; empty where there are none.

    Args:
        flow: The flow.
        options: Its options.
        module: How its module is found.
        may_be_local: Whether the execution runs in this process, so that nothing has to be imported.

    Raises:
        KitaruUsageError: A hook cannot be imported by another process, which is to run the execution.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for event in HOOKS:
        hooks: tuple[Hook, ...] = getattr(options, event)
        if hooks:
            where = f"{_layer(flow, event)}({event}=)"
            found[event] = [_reference(hook, where, module, may_be_local=may_be_local) for hook in hooks]
    return found


def _layer(flow: FlowDefinition[..., Any], event: str) -> str:
    return next((getattr(layer, "where", "@flow") for layer in flow.options if event in layer), "@flow")


def _reference(hook: Hook, where: str, module: ModuleRef | None, *, may_be_local: bool) -> dict[str, Any]:
    try:
        ref = reference(hook, where)
    except KitaruUsageError:
        if not may_be_local:
            raise
        return {LOCAL: getattr(hook, "__qualname__", repr(hook))}
    if module is not None and ref.module is not None and ref.module.name == module.name:
        ref = replace(ref, module=module)  # in a runner that submits, a script is an imported module
    return ref.to_json()
