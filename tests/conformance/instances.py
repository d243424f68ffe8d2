"""Instances of a framework's message types, with every field set or none that can be left out, for round trips."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import importlib
import json
import pkgutil
import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import AnyUrl, BaseModel
from pydantic_core import PydanticUndefined

from kitaru._core.identity.equality import same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SCALARS: dict[Any, Any] = {
    str: "text",
    int: 7,
    float: 0.5,
    bool: True,
    bytes: b"\x00\xff",
    type(None): None,
    object: {"any": [1, None]},
    dt.datetime: dt.datetime(2026, 1, 31, tzinfo=dt.UTC),
    dt.timedelta: dt.timedelta(seconds=3),
    AnyUrl: AnyUrl("https://example.org/"),
    dict: {"any": ("of", 1)},
    list: ["any"],
}
_DEEP = 6


def classes_of(package: str, wanted: Callable[[type[Any]], bool]) -> list[type[Any]]:
    """Return the classes that a package and its modules define, in order of their names."""
    root = importlib.import_module(package)
    names = [package, *(found.name for found in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}."))]
    found = {
        kind
        for name in names
        for kind in vars(importlib.import_module(name)).values()
        if isinstance(kind, type) and kind.__module__.startswith(package) and wanted(kind)
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def instances(kind: type[Any]) -> Iterator[Any]:
    """Return instances of a dataclass or a pydantic model: one with all that it can hold, one with as little."""
    for full in (True, False):
        yield _instance(kind, full=full, depth=0)


def changed(values: list[Any], serializer: Any) -> list[Any]:
    """Return the values that a serializer does not give back equal, of the same classes, by way of JSON."""
    return [value for value in values if not _equal(serializer.load(_json(serializer.dump(value))), value)]


def _equal(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same types; a default that a class has is as good as one that is set."""
    kind = type(one)
    if {kind, type(other)} == {int, float}:  # a number is stored as one of its declared type
        return bool(one == other)
    if kind is not type(other):
        return False
    if kind in (list, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if kind is dict:
        return _equal([*one.items()], [*other.items()])
    if not dataclasses.is_dataclass(one):
        return same(one, other)
    names = {field.name for field in dataclasses.fields(one)}
    state = [
        {name: part for name, part in getattr(it, "__dict__", {}).items() if name not in names} for it in (one, other)
    ]
    return _equal(*state) and all(_equal(getattr(one, name), getattr(other, name)) for name in names)


def _json(stored: Any) -> Any:
    return json.loads(json.dumps(stored, allow_nan=False))


def _instance(kind: type[Any], *, full: bool, depth: int) -> Any:
    full = full and depth < _DEEP
    if issubclass(kind, BaseModel):
        fields: dict[str, Any] = {
            name: _value(field.annotation, full=full, depth=depth)
            for name, field in kind.model_fields.items()
            if full or field.is_required()
        }
        made = kind.model_construct(**{kind.model_fields[name].alias or name: value for name, value in fields.items()})
        if full and kind.model_config.get("extra") == "allow":
            made.__pydantic_extra__ = {"of a newer release": [1]}
        return made
    made = object.__new__(kind)
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        default = _default(field)
        value = _value(hints[field.name], full=full, depth=depth) if full or default is PydanticUndefined else default
        object.__setattr__(made, field.name, value)
    return made


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return PydanticUndefined if field.default_factory is dataclasses.MISSING else field.default_factory()


def _value(annotation: Any, *, full: bool, depth: int) -> Any:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if hasattr(annotation, "__value__"):  # a named type
        return _value(annotation.__value__, full=full, depth=depth)
    if origin in (typing.Annotated, typing.Required, typing.NotRequired):
        return _value(arguments[0], full=full, depth=depth)
    if origin is typing.Literal:
        return arguments[0]
    if origin in (typing.Union, types.UnionType):
        return _value(next(part for part in arguments if part is not type(None)), full=full, depth=depth)
    if origin is not None:
        return _container(origin, arguments, full=full, depth=depth)
    return _plain(annotation, full=full, depth=depth)


def _container(origin: Any, arguments: tuple[Any, ...], *, full: bool, depth: int) -> Any:
    parts = [_value(part, full=full, depth=depth + 1) for part in arguments if part is not ...]
    if issubclass(origin, dict | typing.Mapping):
        return {"key": parts[-1]}
    if issubclass(origin, tuple):
        return tuple(parts)
    return parts[:1] if isinstance([], origin) else None


def _plain(annotation: Any, *, full: bool, depth: int) -> Any:
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if not isinstance(annotation, type):
        return _SCALARS[object]
    if issubclass(annotation, enum.Enum):
        return next(iter(annotation))
    if typing.is_typeddict(annotation):
        hints = typing.get_type_hints(annotation) if depth < _DEEP else {}
        return {name: _value(hint, full=full, depth=depth + 1) for name, hint in hints.items()}
    if dataclasses.is_dataclass(annotation) or issubclass(annotation, BaseModel):
        return _instance(annotation, full=full, depth=depth + 1)
    return None
