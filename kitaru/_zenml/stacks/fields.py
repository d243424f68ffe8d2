"""The fields of ZenML's configuration classes, which ignore names that they do not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable


class UnknownField(NamedTuple):
    """A name that a class does not have."""

    path: str
    """Where it stands, from what was checked on."""
    name: str
    known: tuple[str, ...]
    """The names that the class has."""


def unknown_fields(model: type[BaseModel], values: Mapping[str, Any], path: str = "") -> Iterator[UnknownField]:
    """Yield the names that neither a class nor those of its fields' classes have.

    Args:
        model: The class.
        values: What an object of it is made of.
        path: Where the values stand.
    """
    for name, value in values.items():
        place = f"{path}.{name}" if path else name
        field = model.model_fields.get(name)
        if field is None:
            yield UnknownField(place, name, tuple(model.model_fields))
            continue
        nested = list(dict.fromkeys(_models(field.annotation)))
        if len(nested) == 1:  # of several, pydantic finds the one that fits
            for item_path, item in _mappings(value, place, keyed=_is_keyed(field.annotation)):
                yield from unknown_fields(nested[0], item, item_path)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _is_keyed(annotation: Any) -> bool:
    """Whether a field holds objects by names that are free."""
    return any(get_origin(kind) is dict for kind in (annotation, *get_args(annotation)))


def _mappings(value: Any, path: str, *, keyed: bool) -> Iterable[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping) and not keyed:
        return [(path, value)]
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    return [(f"{path}.{place}", item) for place, item in items if isinstance(item, Mapping)]
