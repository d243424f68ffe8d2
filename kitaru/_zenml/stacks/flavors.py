"""ZenML's flavors: the configuration classes that say what a component may be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from zenml.config.base_settings import BaseSettings
from zenml.enums import StackComponentType
from zenml.stack import Flavor
from zenml.utils.pagination_utils import depaginate

from kitaru._core.words.suggest import did_you_mean
from kitaru._core.words.validation import problems
from kitaru._zenml.door.store import open_client
from kitaru._zenml.stacks.fields import unknown_fields
from kitaru.errors import KitaruStackError

if TYPE_CHECKING:
    from zenml.stack import StackComponentConfig


def flavor_names(kind: str) -> list[str]:
    """Return the flavors that a type of component has."""
    return sorted({flavor.name for flavor in depaginate(open_client().list_flavors, type=kind, size=200)})


def find_flavor(kind: str, name: str) -> Flavor:
    """Return a flavor.

    Raises:
        KitaruStackError: There is none of this name, or its code cannot be loaded.
    """
    try:
        model = open_client().get_flavor_by_name_and_type(name=name, component_type=StackComponentType(kind))
    except KeyError as error:
        known = flavor_names(kind)
        raise KitaruStackError(
            f"components.{kind}: there is no flavor {name!r}.{did_you_mean(name, known)} The flavors are "
            f"{', '.join(known)}."
        ) from error
    try:
        return Flavor.from_model(model)
    except (ImportError, NotImplementedError, ValueError) as error:
        integration = model.integration or name
        raise KitaruStackError(
            f"components.{kind}: flavor {name!r} cannot be loaded ({error}). Install what it needs: "
            f"`zenml integration install {integration}`."
        ) from error


def config_class(kind: str, flavor: str) -> type[StackComponentConfig] | None:
    """Return the configuration class of a flavor; None where it cannot be had."""
    try:
        return find_flavor(kind, flavor).config_class
    except Exception:  # noqa: BLE001 - a flavor of an integration that is not installed; then nothing is known of it
        return None


def settings_class(kind: str, flavor: str) -> type[BaseSettings] | None:
    """Return the class of what is set for a component of a flavor; None where it cannot be had, or has none."""
    configuration = config_class(kind, flavor)
    bases = configuration.__mro__ if configuration is not None else ()
    return next(
        (base for base in bases if issubclass(base, BaseSettings) and base not in (configuration, BaseSettings)), None
    )


def checked_configuration(kind: str, flavor: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """Check a component's configuration against its flavor, and return it.

    Raises:
        KitaruStackError: A field is unknown, missing or has a wrong value.
    """
    model = find_flavor(kind, flavor).config_class
    where = f"components.{kind}.configuration"
    for unknown in unknown_fields(model, configuration):
        known = sorted(unknown.known)
        owner = f"flavor {flavor!r}" if unknown.path == unknown.name else unknown.path.removesuffix(f".{unknown.name}")
        raise KitaruStackError(
            f"{where}.{unknown.path} is no field of {owner}.{did_you_mean(unknown.name, known)} Its fields are "
            f"{', '.join(known) or 'none'}."
        )
    try:
        model(**configuration)
    except ValidationError as error:
        raise KitaruStackError(f"{where} does not fit flavor {flavor!r}: {problems(error)}.") from error
    except ValueError as error:
        raise KitaruStackError(f"{where} does not fit flavor {flavor!r}: {error}.") from error
    return configuration
