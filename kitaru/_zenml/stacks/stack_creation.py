"""Making stacks: everything is validated first, and what was made is unmade when a later step fails."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Any

from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.exceptions import AuthorizationException

from kitaru._core.records.stacks import StackComponent, StackConnector, StackInfo, StackPlan
from kitaru._core.settings.stack_definition import fill
from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.door.time_limit import within
from kitaru._zenml.stacks import kube_contexts
from kitaru._zenml.stacks.definitions import load_definition
from kitaru._zenml.stacks.flavors import checked_configuration, find_flavor
from kitaru._zenml.stacks.stack_admin import HIDDEN, LABEL, describe_stack, remove_stack, shown_configuration
from kitaru._zenml.stacks.stacks import load_stack, require_valid
from kitaru.errors import KitaruStackError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zenml.models import ComponentResponse, ServiceConnectorRequest, ServiceConnectorResponse

    from kitaru._core.settings.stack_definition import Component, Connector

_PATIENCE = 30
_KEYS_OF_SECRETS = frozenset(
    {"token", "password", "client_key", "secret_key", "aws_secret_access_key", "service_account_json"}
)


@dataclass
class Part:
    """A component that is to be in the stack.

    Attributes:
        kind: Its type.
        spec: What the definition says of it.
        existing: The component, where it exists already.
        connector: The connector's request or response, where it has one.
        resource: What of the connector's it uses.
    """

    kind: str
    spec: Component
    existing: ComponentResponse | None = None
    connector: ServiceConnectorRequest | ServiceConnectorResponse | None = None
    resource: str | None = None


@dataclass
class Plan:
    """A stack that is validated and not made yet."""

    name: str
    secrets: frozenset[str]
    connectors: dict[str, ServiceConnectorRequest] = field(default_factory=dict)
    specs: dict[str, Connector] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)

    def shown(self) -> StackPlan:
        """Return the plan for people, without secrets."""
        return StackPlan(
            name=self.name,
            connectors=tuple(self._shown_connector(key) for key in self.connectors),
            components=tuple(self._shown_component(part) for part in self.parts),
            existing=tuple(part.kind for part in self.parts if part.existing is not None),
        )

    def _shown_connector(self, key: str) -> StackConnector:
        spec = self.specs[key]
        shown = {k: HIDDEN if k in _KEYS_OF_SECRETS or v in self.secrets else v for k, v in spec.configuration.items()}
        return StackConnector(
            name=self.connectors[key].name, type=spec.type, auth_method=spec.auth_method, configuration=shown
        )

    def _shown_component(self, part: Part) -> StackComponent:
        flavor = part.existing.flavor_name if part.existing else part.spec.flavor or ""
        configuration = part.existing.configuration if part.existing else part.spec.configuration
        return StackComponent(
            type=part.kind,
            name=part.existing.name if part.existing else self.name,
            flavor=flavor,
            configuration=shown_configuration(part.kind, flavor, configuration),
            connector=part.connector.name if part.connector else None,
            made_by_kitaru=part.existing is None,
        )


def plan(name: str, definition: str | Path | Mapping[str, Any], options: Mapping[str, Any]) -> Plan:
    """Validate a stack as far as that goes without making anything."""
    if not name.strip():
        raise KitaruUsageError("A stack needs a name that is not empty.")
    loaded, where = load_definition(definition)
    filled = fill(loaded, options, where)
    with translated(f"planning stack {name!r}"):
        client = open_client()
        _refuse_taken(client, name)
        planned = Plan(name, filled.secrets)
        for kind, spec in filled.components.items():
            planned.parts.append(_part(client, name, kind, spec))
        for key, connector in filled.connectors.items():
            planned.specs[key], planned.connectors[key] = _connector(client, f"{name}-{key}", name, connector)
        for part in planned.parts:
            _connect(client, part, planned)
    return planned


def create(planned: Plan) -> StackInfo:
    """Make a planned stack; what was made of it goes away when a step fails."""
    name = planned.name
    with translated(f"creating stack {name!r}"), ExitStack() as undo:
        store = open_client().zen_store
        connectors = {}
        for key, request in planned.connectors.items():
            made = store.create_service_connector(request)
            undo.callback(store.delete_service_connector, made.id)
            connectors[key] = made
        ids = {part.kind: _make(part, planned, connectors, undo) for part in planned.parts}
        stack = Client().create_stack(
            name=name,
            components={StackComponentType(kind): component for kind, component in ids.items()},
            labels={LABEL: name},
        )
        undo.callback(remove_stack, stack.id)
        require_valid(load_stack(stack))
        undo.pop_all()
    return describe_stack(name)


def _make(part: Part, planned: Plan, connectors: Mapping[str, ServiceConnectorResponse], undo: ExitStack) -> Any:
    """Make a component and return its id."""
    if part.existing is not None:
        return part.existing.id
    client = Client()
    kind = StackComponentType(part.kind)
    assert part.spec.flavor is not None
    made = client.create_stack_component(
        name=planned.name,
        flavor=part.spec.flavor,
        component_type=kind,
        configuration=part.spec.configuration,
        labels={LABEL: planned.name},
    )
    undo.callback(client.zen_store.delete_stack_component, made.id)
    if part.connector is not None:
        key = part.spec.connector or ""
        connector = connectors.get(key) or part.connector
        client.update_stack_component(
            name_id_or_prefix=made.id,
            component_type=kind,
            connector_id=connector.id,  # type: ignore[union-attr]  # a request's was replaced by what it made
            connector_resource_id=part.resource,
        )
    return made.id


def _refuse_taken(client: Client, name: str) -> None:
    if client.list_stacks(name=name).total:
        raise KitaruStackError(
            f"There is a stack {name!r} already. Choose another name, or delete it: `kitaru stack delete {quote(name)}`."
        )


def _part(client: Client, stack: str, kind: str, spec: Component) -> Part:
    if spec.existing is not None:
        matches = client.list_stack_components(type=kind, name=spec.existing, hydrate=True).items
        if not matches:
            known = [part.name for part in client.list_stack_components(type=kind, size=100).items]
            raise KitaruStackError(
                f"components.{kind}: there is no {kind} {spec.existing!r}.{did_you_mean(spec.existing, known)} Those that "
                f"exist are {', '.join(known) or 'none'}."
            )
        return Part(kind, spec, existing=matches[0])
    assert spec.flavor is not None
    checked_configuration(kind, spec.flavor, spec.configuration)
    if client.list_stack_components(type=kind, name=stack).total:
        raise KitaruStackError(
            f"There is another {kind} called {stack!r}, which the new stack's would be called as well. Choose another "
            f"name for the stack, or delete it: `zenml {kind.replace('_', '-')} delete {quote(stack)}`."
        )
    return Part(kind, spec)


def _connector(client: Client, name: str, stack: str, spec: Connector) -> tuple[Connector, ServiceConnectorRequest]:
    if client.list_service_connectors(name=name).total:
        raise KitaruStackError(
            f"There is a service connector {name!r} already. Choose another name for the stack, or delete it: "
            f"`zenml service-connector delete {quote(name)}`."
        )
    if spec.kube_context is not None:
        copied = kube_contexts.connector_configuration(spec.kube_context)
        spec = spec.model_copy(update={"configuration": {**copied, **spec.configuration}})
    _check_attributes(client, name, spec)
    try:
        request, _ = within(
            _PATIENCE,
            lambda: client.create_service_connector(
                name=name,
                connector_type=spec.type,
                auth_method=spec.auth_method,
                resource_type=spec.resource_type,
                configuration=spec.configuration,
                labels={LABEL: stack},
                register=False,
            ),
        )
    except (AuthorizationException, TimeoutError, KeyError, ValueError, NotImplementedError) as error:
        raise KitaruStackError(
            f"Service connector {name!r} of type {spec.type} does not work: {_line(error)}. Check that the address is "
            f"reachable from here and that the credentials are valid."
        ) from error
    return spec, request  # type: ignore[return-value]  # with register=False it is always the request


def _check_attributes(client: Client, name: str, spec: Connector) -> None:
    """See that a connector knows what it is told: ZenML ignores what it does not know."""
    try:
        method = client.get_service_connector_type(spec.type).auth_method_dict[spec.auth_method]
    except KeyError:
        return  # told as it is made
    known = method.config_schema.get("properties", {})
    for attribute in spec.configuration:
        if attribute not in known:
            raise KitaruStackError(
                f"Service connector {name!r} has no attribute {attribute!r} with the method {spec.auth_method!r} of type "
                f"{spec.type!r}.{did_you_mean(attribute, known)} Its attributes are {', '.join(sorted(known)) or 'none'}."
            )


def _connect(client: Client, part: Part, planned: Plan) -> None:
    """Find the connector of a component, and see that it gives what the component needs."""
    name = part.spec.connector
    if name is None or part.existing is not None:
        return
    assert part.spec.flavor is not None
    needs = find_flavor(part.kind, part.spec.flavor).service_connector_requirements
    if needs is None:
        raise KitaruStackError(f"components.{part.kind}: flavor {part.spec.flavor!r} does not use service connectors.")
    if name in planned.connectors:
        part.connector = planned.connectors[name]
        part.resource = part.spec.resource or part.connector.resource_id
        return
    matches = client.list_service_connectors(name=name, hydrate=True).items
    if not matches:
        known = [connector.name for connector in client.list_service_connectors(size=100).items]
        raise KitaruStackError(
            f"components.{part.kind}: there is no service connector {name!r}.{did_you_mean(name, known)} Those that "
            f"exist are {', '.join(known) or 'none'}; `zenml service-connector register` makes one."
        )
    resource = part.spec.resource or part.spec.configuration.get(needs.resource_id_attr or "")
    part.connector = matches[0]
    part.resource = _reachable(client, part, needs.resource_type, resource)


def _reachable(client: Client, part: Part, resource_type: str, resource: str | None) -> str | None:
    """Return the id of what a component reaches through its connector."""
    assert part.connector is not None
    name = part.connector.name
    try:
        answer = within(
            _PATIENCE,
            lambda: client.verify_service_connector(name, resource_type=resource_type, resource_id=resource),
        )
    except (AuthorizationException, TimeoutError, KeyError, ValueError, NotImplementedError) as error:
        raise KitaruStackError(
            f"components.{part.kind}: service connector {name!r} gives no access to {resource_type} "
            f"{resource or ''}: {_line(error)}."
        ) from error
    ids = [resource_id for typed in answer.resources for resource_id in typed.resource_ids or []]
    if len(ids) > 1:
        raise KitaruStackError(
            f"components.{part.kind}: service connector {name!r} gives access to several of {resource_type}: "
            f"{', '.join(ids)}. Say which one: resource."
        )
    return ids[0] if ids else resource


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
