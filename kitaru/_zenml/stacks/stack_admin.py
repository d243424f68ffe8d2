"""Stacks in ZenML's store: listing, choosing, deleting and exporting them."""

from __future__ import annotations

import warnings
from shlex import quote
from typing import TYPE_CHECKING, Any

import yaml
from sqlalchemy.exc import SAWarning
from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.utils import secret_utils
from zenml.utils.pagination_utils import depaginate

from kitaru._core.records.stacks import StackComponent, StackInfo
from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.connection import refuse_to_configure
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.stacks.flavors import config_class
from kitaru.errors import KitaruStackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from zenml.models import ComponentResponse, StackResponse

LABEL = "kitaru.stack"
"""The label that Kitaru puts on what it makes; its value is the name of the stack that it was made for."""
HIDDEN = "***"
_ORDER = ("orchestrator", "artifact_store", "container_registry", "image_builder")


def list_stacks() -> list[StackInfo]:
    """Return every stack, by name."""
    with translated("listing stacks"):
        active = open_client().active_stack_model.id
        stacks = _all_stacks()
        return sorted((_info(stack, stacks, is_active=stack.id == active) for stack in stacks), key=lambda s: s.name)


def current_stack() -> StackInfo:
    """Return the active stack."""
    with translated("reading the active stack"):
        return _info(open_client().active_stack_model, _all_stacks(), is_active=True)


def use_stack(name: str) -> StackInfo:
    """Make a stack the active one."""
    refuse_to_configure("stack use", "set KITARU_STACK instead")
    stack = find(name)
    with translated(f"activating stack {name!r}"):
        Client().activate_stack(stack.id)
    return _info(stack, _all_stacks(), is_active=True)


def describe_stack(name: str | None) -> StackInfo:
    """Return one stack; the active one without a name."""
    stack = find(name)
    with translated(f"reading stack {stack.name!r}"):
        return _info(stack, _all_stacks(), is_active=stack.id == Client().active_stack_model.id)


def find(name: str | None) -> StackResponse:
    """Return a stack by name, or the active one.

    Raises:
        KitaruStackError: There is none of this name.
    """
    with translated("reading stacks"):
        client = open_client()
        if name is None:
            return client.active_stack_model
        stacks = {stack.name: stack for stack in _all_stacks()}
    if name not in stacks:
        raise KitaruStackError(
            f"There is no stack {name!r}.{did_you_mean(name, stacks)} Existing stacks: {', '.join(sorted(stacks))}. "
            f"`kitaru stack types` lists those that can be made."
        )
    return stacks[name]


def delete_stack(name: str, *, force: bool) -> list[str]:
    """Delete a stack and what Kitaru made for it; returns what was deleted."""
    stack = find(name)
    with translated(f"deleting stack {name!r}"):
        client = open_client()
        _refuse_to_delete(stack, client, force=force)
        own = [part for part in _parts(stack) if _made_for(part.labels, name)]
        shared = _sharing(own, stack)
        remove_stack(stack.id)
        deleted = [f"stack {name}"]
        for part in own:
            if part.id not in shared:
                client.zen_store.delete_stack_component(part.id)
                deleted.append(f"{part.type.value} {part.name}")
        return deleted + _delete_connectors(client, name)


def remove_stack(stack_id: UUID) -> None:
    """Delete a stack and none of its components."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of ZenML's own mapping: the rows are gone by then
        Client().zen_store.delete_stack(stack_id)


def export_stack(name: str | None) -> str:
    """Return a stack as the YAML of a definition."""
    stack = find(name)
    options: dict[str, Any] = {}
    components: dict[str, Any] = {}
    with translated(f"exporting stack {stack.name!r}"):
        for part in _parts(stack):
            entry: dict[str, Any] = {"flavor": part.flavor_name}
            if part.connector is not None:
                entry["connector"] = part.connector.name
                if part.connector_resource_id:
                    entry["resource"] = part.connector_resource_id
            configuration = _exported(part, options)
            components[part.type.value] = {**entry, **({"configuration": configuration} if configuration else {})}
    definition: dict[str, Any] = {"description": f"Exported from stack {stack.name}"}
    definition |= {"options": options} if options else {}
    return yaml.safe_dump({**definition, "components": components}, sort_keys=False, allow_unicode=True, width=120)


def shown_configuration(kind: str, flavor: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration without the values that nobody shall see."""
    hidden = secret_fields(kind, flavor)
    return {
        key: HIDDEN if key in hidden and not _is_reference(value) else value for key, value in configuration.items()
    }


def secret_fields(kind: str, flavor: str) -> set[str]:
    """Return the fields of a flavor's configuration that hold secrets."""
    model = config_class(kind, flavor)
    fields = model.model_fields if model is not None else {}
    return {name for name, field in fields.items() if secret_utils.is_secret_field(field)}


def _all_stacks() -> list[StackResponse]:
    return list(depaginate(Client().list_stacks, size=200, hydrate=True))


def _parts(stack: StackResponse) -> Iterator[ComponentResponse]:
    parts = [part for components in stack.components.values() for part in components]
    names = [*_ORDER, *sorted({part.type.value for part in parts} - {*_ORDER})]
    return iter(sorted(parts, key=lambda part: names.index(part.type.value)))


def _info(stack: StackResponse, stacks: Sequence[StackResponse], *, is_active: bool) -> StackInfo:
    return StackInfo(
        name=stack.name,
        id=str(stack.id),
        is_active=is_active,
        made_by_kitaru=_made_for(stack.labels, stack.name),
        components=tuple(_component(part, stack, stacks) for part in _parts(stack)),
    )


def _component(part: ComponentResponse, stack: StackResponse, stacks: Sequence[StackResponse]) -> StackComponent:
    others = (other for other in stacks if other.id != stack.id)
    return StackComponent(
        type=part.type.value,
        name=part.name,
        flavor=part.flavor_name,
        configuration=shown_configuration(part.type.value, part.flavor_name, part.configuration),
        connector=part.connector.name if part.connector else None,
        shared_with=tuple(sorted(other.name for other in others if part.id in {own.id for own in _parts(other)})),
        made_by_kitaru=LABEL in (part.labels or {}),
    )


def _made_for(labels: dict[str, Any] | None, stack: str) -> bool:
    return (labels or {}).get(LABEL) == stack


def _refuse_to_delete(stack: StackResponse, client: Client, *, force: bool) -> None:
    if stack.id == client.active_stack_model.id:
        raise KitaruStackError(
            f"Stack {stack.name!r} is the active one and cannot be deleted. Choose another one first: "
            f"`kitaru stack use NAME`."
        )
    if force:
        return
    if not _made_for(stack.labels, stack.name):
        raise KitaruStackError(
            f"Stack {stack.name!r} was not made by Kitaru, which therefore leaves it alone. To delete the stack all the "
            f"same, without its components: `kitaru stack delete {quote(stack.name)} --force`."
        )
    own = [part for part in _parts(stack) if _made_for(part.labels, stack.name)]
    shared = _sharing(own, stack)
    if shared:
        uses = "; ".join(
            f"{part.type.value} {part.name!r} is used by {', '.join(shared[part.id])}"
            for part in own
            if part.id in shared
        )
        raise KitaruStackError(
            f"Stack {stack.name!r} has components that other stacks use: {uses}. Delete those stacks first, or keep "
            f"these components and delete the rest: `kitaru stack delete {quote(stack.name)} --force`."
        )


def _sharing(parts: Sequence[ComponentResponse], stack: StackResponse) -> dict[Any, list[str]]:
    """Return the other stacks that use each of the parts, by id; parts that nobody else uses are not in it."""
    shared: dict[Any, list[str]] = {}
    for other in _all_stacks():
        if other.id != stack.id:
            used = {part.id for part in _parts(other)}
            for part in parts:
                if part.id in used:
                    shared.setdefault(part.id, []).append(other.name)
    return shared


def _delete_connectors(client: Client, stack: str) -> list[str]:
    """Delete the connectors that were made for a stack and that no component uses any more."""
    deleted = []
    used = {
        part.connector.id
        for kind in StackComponentType
        for part in depaginate(client.list_stack_components, type=kind.value, size=200, hydrate=True)
        if part.connector is not None
    }
    for connector in depaginate(client.list_service_connectors, labels={LABEL: stack}, size=200):
        if connector.id not in used:
            client.zen_store.delete_service_connector(connector.id)
            deleted.append(f"service connector {connector.name}")
    return deleted


def _exported(part: ComponentResponse, options: dict[str, Any]) -> dict[str, Any]:
    """Return a component's configuration with options in the place of secrets."""
    hidden = secret_fields(part.type.value, part.flavor_name)
    exported = {}
    for key, value in part.configuration.items():
        if key in hidden and not _is_reference(value):
            option = f"{part.type.value}_{key}"
            options[option] = {"description": f"{key} of the {part.type.value}", "required": True, "secret": True}
            exported[key] = f"${{{option}}}"
        else:
            exported[key] = value
    return exported


def _is_reference(value: Any) -> bool:
    return secret_utils.is_secret_reference(value)
