"""Stacks: where flows run. Every ZenML stack is one; Kitaru makes some of its own from definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru._core.records.stacks import (
    StackCheck,
    StackCheckResult,
    StackComponent,
    StackConnector,
    StackInfo,
    StackPlan,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "StackCheck",
    "StackCheckResult",
    "StackComponent",
    "StackConnector",
    "StackInfo",
    "StackPlan",
    "check_stack",
    "create_stack",
    "current_stack",
    "delete_stack",
    "describe_stack",
    "export_stack",
    "list_stacks",
    "plan_stack",
    "stack_types",
    "use_stack",
]


def list_stacks() -> list[StackInfo]:
    """Return every stack of the ZenML store, by name, whatever made it.

    Raises:
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.stacks import stack_admin

    return stack_admin.list_stacks()


def current_stack() -> StackInfo:
    """Return the active stack: where flows run when no setting names another one.

    Raises:
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.stacks import stack_admin

    return stack_admin.current_stack()


def use_stack(name: str) -> StackInfo:
    """Make a stack the active one, for ZenML as well, until another one is.

    Raises:
        KitaruStackError: There is no such stack.
        KitaruUsageError: The environment names the server or store; then ``KITARU_STACK`` names the stack.
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.stacks import stack_admin

    return stack_admin.use_stack(name)


def describe_stack(name: str | None = None) -> StackInfo:
    """Return a stack with its components and what shares them.

    Args:
        name: The stack; None for the active one.

    Raises:
        KitaruStackError: There is no such stack.
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.stacks import stack_admin

    return stack_admin.describe_stack(name)


def stack_types() -> dict[str, str]:
    """Return the ready-made definitions that come with Kitaru: their names and what each is, in a line.

    Raises:
        KitaruBackendError: ZenML cannot be loaded.
    """
    from kitaru._zenml.stacks import definitions

    return definitions.shipped_types()


def plan_stack(
    name: str, definition: str | Path | Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> StackPlan:
    """Return what ``create_stack`` would make, validated as far as that goes without making anything.

    Args:
        name: The new stack's name.
        definition: As for ``create_stack``.
        options: As for ``create_stack``.

    Raises:
        KitaruStackError: The definition is not valid, a component or connector does not fit or cannot be reached, or
            the name is taken.
        KitaruUsageError: The name is empty, or an option is unknown, missing or wrong.
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.stacks import stack_creation

    return stack_creation.plan(name, definition, options or {}).shown()


def create_stack(
    name: str, definition: str | Path | Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> StackInfo:
    """Make a stack from a definition, with its components and service connectors.

    Everything is validated first; when a step fails nothing of it is left behind.

    Args:
        name: The new stack's name.
        definition: A ready-made one (``stack_types``), the path of a YAML file, or the data of one.
        options: Values of the definition's options by name; the definition's own defaults hold for others.

    Raises:
        KitaruStackError: The definition is not valid, a component or connector cannot be made or reached, or the name
            is taken.
        KitaruUsageError: The name is empty, or an option is unknown, missing or wrong.
        KitaruBackendError: The store cannot be reached.

    Examples:
        >>> create_stack("docker", "docker").orchestrator  # doctest: +SKIP
        'local_docker'
    """
    from kitaru._zenml.stacks import stack_creation

    return stack_creation.create(stack_creation.plan(name, definition, options or {}))


def delete_stack(name: str, *, force: bool = False) -> list[str]:
    """Delete a stack, with the components and connectors that Kitaru made for it.

    Args:
        name: The stack.
        force: Delete it also where Kitaru did not make it, or where others use parts of it; these parts stay. False by
            default.

    Returns:
        What was deleted, a line each.

    Raises:
        KitaruStackError: There is no such stack, it is the active one, Kitaru did not make it, or other stacks use
            components that Kitaru made for it.
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.stacks import stack_admin

    return stack_admin.delete_stack(name, force=force)


def check_stack(name: str | None = None) -> StackCheck:
    """Try whether flows can run on a stack: engine, registry, cluster, artifact store, installed integrations.

    Args:
        name: The stack; None for the active one.

    Raises:
        KitaruStackError: There is no such stack. What does not work is told by the result.
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.stacks import stack_checks

    return stack_checks.check(name)


def export_stack(name: str | None = None) -> str:
    """Return a stack as the YAML of a definition from which it can be made again elsewhere.

    Secrets are not in it: they become options. Service connectors are referred to by name.

    Args:
        name: The stack; None for the active one.

    Raises:
        KitaruStackError: There is no such stack.
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.stacks import stack_admin

    return stack_admin.export_stack(name)
