"""Stack definitions: what a stack is made of, as data, with options that the user fills in.

A definition names components by their type, with ZenML's flavor and configuration, and the service connectors that they
log in with. ``${option}`` stands for an option's value; a field whose option has none is left out. A component may have
several variants, of which the first one counts whose options are given.

This module imports pydantic, so it is itself imported only where a definition is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kitaru._core.records.record import Record
from kitaru._core.settings import environment
from kitaru._core.words.suggest import did_you_mean
from kitaru._core.words.validation import message, problems
from kitaru.errors import KitaruStackError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import ErrorDetails

ComponentType = Literal[
    "orchestrator",
    "artifact_store",
    "container_registry",
    "image_builder",
    "step_operator",
    "experiment_tracker",
    "model_registry",
    "alerter",
    "data_validator",
    "feature_store",
    "annotator",
    "model_deployer",
    "deployer",
    "log_store",
    "sandbox",
]
REQUIRED: Final = ("orchestrator", "artifact_store")
"""The components without which ZenML accepts no stack."""
_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")


class _Part(Record):
    model_config = ConfigDict(populate_by_name=True)


class Option(_Part):
    """What the user may or must say when a stack is made.

    Attributes:
        description: What it is, in a line.
        required: Whether there is no stack without it.
        default: Its value where the user gives none.
        kind: ``"text"``, ``"number"`` or ``"switch"``.
        secret: Whether its value is shown to nobody.
    """

    description: str
    required: bool = False
    default: str | int | bool | None = None
    kind: Literal["text", "number", "switch"] = "text"
    secret: bool = False


class _Conditional(_Part):
    given: str | None = None


class Connector(_Conditional):
    """A ZenML service connector that is made with the stack.

    Attributes:
        type: ZenML's connector type, such as ``"kubernetes"``.
        auth_method: One of the type's methods.
        resource_type: What it gives access to, such as ``"kubernetes-cluster"``.
        configuration: The method's configuration.
        kube_context: Take the configuration from this context of the local kubeconfig.
        given: Only made where this option has a value.
    """

    type: str
    auth_method: str
    resource_type: str | None = None
    configuration: dict[str, Any] = Field(default_factory=dict)
    kube_context: str | None = None


class Component(_Conditional):
    """A component of the stack: a new one of a flavor, or one that exists.

    Attributes:
        flavor: ZenML's flavor, such as ``"kubernetes"``.
        configuration: The flavor's configuration.
        connector: A connector of this definition, or the name of one that exists.
        resource: What the connector shall give access to, where it knows several.
        existing: The name of a component that exists, instead of a flavor.
        given: Only counts where this option has a value.
    """

    flavor: str | None = None
    configuration: dict[str, Any] = Field(default_factory=dict)
    connector: str | None = None
    resource: str | None = None
    existing: str | None = None


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


_Variants = Annotated[list[Component], BeforeValidator(_as_list)]


class Definition(_Part):
    """A stack as data.

    Attributes:
        description: What it is, in a line.
        options: What the user fills in.
        connectors: Service connectors by a name of their own.
        components: Components by type; each one, or a list of variants.
    """

    description: str
    options: dict[str, Option] = Field(default_factory=dict)
    connectors: dict[str, Connector] = Field(default_factory=dict)
    components: dict[ComponentType, _Variants]


@dataclass(frozen=True)
class Filled:
    """A definition with its options filled in.

    Attributes:
        connectors: The connectors to make.
        components: The components, one a type.
        secrets: The values that nobody shall see.
    """

    connectors: dict[str, Connector]
    components: dict[str, Component]
    secrets: frozenset[str]


def parse_definition(data: Any, where: str) -> Definition:
    """Check the data of a definition.

    Args:
        data: What its YAML says.
        where: Where it comes from, for messages.

    Raises:
        KitaruStackError: A field is unknown, missing or of a wrong type, or a placeholder names no option.
    """
    if not isinstance(data, Mapping):
        raise KitaruStackError(f"{where} is no stack definition: it must be a mapping with description and components.")
    try:
        definition = Definition.model_validate(data)
    except ValidationError as error:
        details = problems(error, in_own_words=_problem)
        raise KitaruStackError(f"{where} is no valid stack definition: {details}.") from error
    _check_references(definition, where)
    return definition


def fill(definition: Definition, arguments: Mapping[str, Any], where: str) -> Filled:
    """Fill a definition's options in.

    Args:
        definition: The definition.
        arguments: Values by option: text as from the command line, or values of the option's kind.
        where: Where the definition comes from, for messages.

    Raises:
        KitaruUsageError: An option is unknown, missing or has a value that it does not accept.
        KitaruStackError: The options leave a component without a variant that ZenML needs.
    """
    values = _values(definition, arguments, where)
    put = _putter(values)
    components: dict[str, Component] = {}
    for kind, variants in definition.components.items():
        chosen = next((variant for variant in variants if _counts(variant.given, values)), None)
        if chosen is not None:
            components[kind] = Component.model_validate(put(chosen.model_dump(exclude={"given"})))
    connectors = {
        name: Connector.model_validate(put(connector.model_dump(exclude={"given"})))
        for name, connector in definition.connectors.items()
        if _counts(connector.given, values)
    }
    for kind in REQUIRED:
        if kind not in components:
            names = [variant.given for variant in definition.components.get(kind, []) if variant.given]
            raise KitaruUsageError(
                f"{where} needs one of {', '.join(f'{name}=...' for name in names)} to have its {kind}."
            )
    secrets = {str(values[name]) for name, option in definition.options.items() if option.secret and values[name]}
    return Filled(connectors, components, frozenset(secrets))


def _values(definition: Definition, arguments: Mapping[str, Any], where: str) -> dict[str, Any]:
    options = definition.options
    for name in arguments:
        if name not in options:
            known = f"Its options are {', '.join(options)}." if options else "It has no options."
            raise KitaruUsageError(f"{where} has no option {name!r}.{did_you_mean(name, options)} {known}")
    values = {name: option.default for name, option in options.items()}
    values |= {name: _typed(name, options[name], value) for name, value in arguments.items() if value is not None}
    missing = [name for name, option in options.items() if option.required and values[name] in (None, "")]
    if missing:
        lines = "\n".join(f"  {name}: {options[name].description}" for name in missing)
        raise KitaruUsageError(f"{where} needs {', '.join(missing)}. Give each with --set NAME=VALUE:\n{lines}")
    return values


def _typed(name: str, option: Option, value: Any) -> Any:
    text = str(value)
    if option.kind == "switch":
        typed: Any = value if isinstance(value, bool) else environment.truth(text)
        accepted = environment.TRUTH_WORDS
    elif option.kind == "number":
        typed, accepted = environment.whole_number(text), "a whole number, 0 or more"
    else:
        typed, accepted = (text if text.strip() else None), "text that is not empty"
    if typed is None:
        raise KitaruUsageError(f"Option {name} must be {accepted}, not {text!r}.")
    return typed


def _counts(option: str | None, values: Mapping[str, Any]) -> bool:
    return option is None or bool(values[option])


def _putter(values: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return what puts values in the place of placeholders; mappings lose the fields whose option has none."""

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            filled = {key: put(item) for key, item in value.items()}
            return {key: item for key, item in filled.items() if item is not None and (item != {} or value[key] == {})}
        if isinstance(value, list):
            return [item for item in map(put, value) if item is not None]
        return _put_text(value, values) if isinstance(value, str) else value

    return put


def _put_text(text: str, values: Mapping[str, Any]) -> Any:
    names = _PLACEHOLDER.findall(text)
    if any(values[name] is None for name in names):
        return None
    if len(names) == 1 and text == f"${{{names[0]}}}":
        return values[names[0]]  # alone, so that it keeps its type
    return _PLACEHOLDER.sub(lambda match: str(values[match.group(1)]), text)


def _check_references(definition: Definition, where: str) -> None:
    options = definition.options
    for name in _option_names(definition):
        if name not in options:
            raise KitaruStackError(
                f"{where} refers to an option {name!r} that it does not declare.{did_you_mean(name, options)}"
            )
    for kind in REQUIRED:
        if kind not in definition.components:
            raise KitaruStackError(f"{where} has no {kind}, and ZenML accepts no stack without one.")
    for kind, variants in definition.components.items():
        for variant in variants:
            if (variant.flavor is None) == (variant.existing is None):
                raise KitaruStackError(f"{where}: components.{kind} must have either a flavor or existing.")


def _option_names(definition: Definition) -> Iterator[str]:
    parts: list[_Conditional] = [
        *definition.connectors.values(),
        *(v for variants in definition.components.values() for v in variants),
    ]
    for part in parts:
        if part.given is not None:
            yield part.given
        yield from _placeholders(part.model_dump())


def _placeholders(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _placeholders(item)
    elif isinstance(value, list):
        for item in value:
            yield from _placeholders(item)
    elif isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)


_FIELDS: Final[Mapping[str, type[BaseModel]]] = {
    "options": Option,
    "connectors": Connector,
    "components": Component,
}


def _problem(detail: ErrorDetails) -> str:
    # One component may be written without a list around it, which then has no place in what was written.
    location = [str(part) for part in detail["loc"] if part != 0]
    path = ".".join(location)
    if detail["type"] == "extra_forbidden":
        known = (
            list(_FIELDS.get(location[0], Definition).model_fields)
            if len(location) > 1
            else list(Definition.model_fields)
        )
        below = "; what ZenML configures stands below configuration" if known == list(Component.model_fields) else ""
        return f"{path} is not a field.{did_you_mean(location[-1], known)} The fields are {', '.join(known)}{below}"
    if detail["type"] == "literal_error" and location[:1] == ["components"]:
        known = list(ComponentType.__args__)  # type: ignore[attr-defined]
        if len(location) > 1:
            return f"components.{location[1]} is no type of component.{did_you_mean(location[1], known)}"
    if detail["type"] == "missing":
        return f"{path} is missing"
    return f"{path}: {message(detail)}"
