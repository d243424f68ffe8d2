"""Objects as plain JSON that names their classes, and the same objects again.

What a dataclass or a pydantic model holds is written down as it is, and put back without validation: validation may
rename a field, choose another member of a union, or refuse what a server has sent. A release in which a class has got or
lost a field reads what an earlier one wrote.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import importlib
import json
import math
import sys
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from pydantic_core import TzInfo

from kitaru._core.code.modules import MAIN
from kitaru._core.code.slots import held_in_slots
from kitaru.errors import KitaruBackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CLASS: Final = "__class__"
"""The key that names the class of what is not plain JSON."""

_PICKLING = ("__new__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
_MISSING: Final = object()


def encode(value: Any, pickle: Callable[[Any], bytes]) -> Any:
    """Return plain JSON for a value.

    Args:
        value: Lists, tuples, dicts, dataclasses and pydantic models are walked.
        pickle: Makes a pickle of every other part.

    Raises:
        RecursionError: The value contains itself.
    """

    def walk(part: Any) -> Any:
        kind = type(part)
        if _is_json_scalar(part):
            return part
        if kind is list:
            return [walk(item) for item in part]
        standard = _standard(part, walk)
        if standard is not None:
            return standard
        name = _name_of(kind)  # type: ignore[arg-type] # classes can be hashed, whatever mypy says of their metaclass
        if name is None:
            return pickled(part, pickle)
        return {CLASS: name, **{key: walk(held) for key, held in _parts(part).items()}}

    return _items(value, walk) if type(value) is dict else walk(value)


def pickled(value: Any, pickle: Callable[[Any], bytes]) -> dict[str, Any]:
    """Return plain JSON that holds a value's pickle."""
    kind = type(value)
    payload = base64.b64encode(pickle(value)).decode()
    return {CLASS: f"{kind.__module__}:{kind.__qualname__}", "pickle": payload}


def decode(stored: Any, unpickle: Callable[[bytes], Any]) -> Any:
    """Return the value that :func:`encode` or :func:`pickled` has written.

    Args:
        stored: What it returned.
        unpickle: Makes the value of a pickle.

    Raises:
        KitaruBackendError: A class is not there any more, or something else has written it.
    """
    if isinstance(stored, dict) and CLASS not in stored:  # a dict of a value's own is written with its class, too
        raise KitaruBackendError(
            "A recorded value is in a form that this release does not read: an earlier draft of it, or another serializer, "
            "recorded the value. Run the flow anew, or install what recorded it."
        )

    def build(part: Any) -> Any:
        if isinstance(part, list):
            return [build(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "pickle" in part and CLASS in part:
            return unpickle(base64.b64decode(part["pickle"]))
        parts = {key: build(item) for key, item in part.items() if key != CLASS}
        return _built(part[CLASS], parts) if CLASS in part else parts

    return build(stored)


def alike(one: Any, other: Any) -> bool:
    """Whether :func:`encode` wrote equal values of equal types; 0 is as good as 0.0, where validation has made one of it."""
    return bool(_comparable(one) == _comparable(other))


def _comparable(stored: Any) -> Any:
    return json.loads(json.dumps(stored), parse_int=_number, parse_float=_number)  # True is then no 1


def _number(text: str) -> tuple[str, Decimal]:
    return "number", Decimal(text)  # no float: it would take large integers for their neighbours


def _standard(value: Any, walk: Callable[[Any], Any]) -> dict[str, Any] | None:
    """Return JSON for a value of Python's own types; None where they have no form here."""
    kind = type(value)
    if kind is tuple:
        return {CLASS: "tuple", "items": [walk(item) for item in value]}
    if kind is dt.datetime and (value.tzinfo is None or type(value.tzinfo) in (dt.timezone, TzInfo)):
        return {CLASS: "datetime", "text": value.isoformat()}
    return _dict(value, walk) if kind is dict else None


def _dict(value: dict[Any, Any], walk: Callable[[Any], Any]) -> dict[str, Any]:
    if CLASS not in value and all(type(key) is str and _is_json_scalar(key) for key in value):
        return {key: walk(item) for key, item in value.items()}
    return _items(value, walk)


def _items(value: dict[Any, Any], walk: Callable[[Any], Any]) -> dict[str, Any]:
    return {CLASS: "dict", "items": [[walk(key), walk(item)] for key, item in value.items()]}


def _built(name: str, parts: dict[str, Any]) -> Any:
    if name == "tuple":
        return tuple(parts["items"])
    if name == "datetime":
        return dt.datetime.fromisoformat(parts["text"])
    if name == "dict":
        return dict(parts["items"])
    kind = _class(name)
    return _model(kind, **parts) if issubclass(kind, BaseModel) else _dataclass(kind, **parts)


def _is_json_scalar(value: Any) -> bool:
    kind = type(value)
    if kind is float:
        return math.isfinite(value)
    if kind is str:  # a lone surrogate, as of a file name that is not UTF-8, is in no JSON
        return not any("\ud800" <= sign <= "\udfff" for sign in ("" if value.isascii() else value))
    return kind in (type(None), bool, int)


# -- classes ----------------------------------------------------------------------------------------------------------


@cache
def _name_of(kind: type[Any]) -> str | None:
    """Return where a class can be imported, public places first; None where its objects are pickled."""
    if kind.__module__ in MAIN or not _is_walked(kind):
        return None
    parts = kind.__module__.split(".")
    packages = [".".join(parts[: number + 1]) for number in range(len(parts))]
    places = [package for package in packages if _attribute(sys.modules.get(package), kind.__qualname__) is kind]
    return f"{places[0]}:{kind.__qualname__}" if places else None


def _is_walked(kind: type[Any]) -> bool:
    """Whether objects of a class are what they hold: it says nothing of its own about how they are made or copied."""
    if not (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)):
        return False
    return all(_is_usual(getattr(kind, name, None), getattr(object, name, None)) for name in _PICKLING)


def _is_usual(method: Any, of_object: Any) -> bool:
    return method is of_object or getattr(method, "__module__", "") in ("dataclasses", "pydantic.main")


def _attribute(module: Any, qualified_name: str) -> Any:
    found: Any = module
    for name in qualified_name.split("."):
        found = getattr(found, "__dict__", {}).get(name)  # not getattr: packages import lazily what they are asked for
    return found


def _class(name: str) -> type[Any]:
    module, _, qualified_name = name.partition(":")
    try:
        kind = _attribute(importlib.import_module(module), qualified_name)
    except ImportError as error:
        raise _gone(module, qualified_name) from error
    if not isinstance(kind, type) or not _is_walked(kind):
        raise _gone(module, qualified_name)
    return kind


def _gone(module: str, name: str) -> KitaruBackendError:
    package = module.partition(".")[0]
    return KitaruBackendError(
        f"A recorded value has a {name} of {module}, which the installed {package} does not have: another release of it "
        f"recorded the value. Install that release of {package}, or run the flow anew."
    )


# -- what objects hold ------------------------------------------------------------------------------------------------


def _parts(value: Any) -> dict[str, Any]:
    """Return what an object holds: its fields, and what else there is."""
    if isinstance(value, BaseModel):
        return _parts_of_model(value)
    names = [field.name for field in dataclasses.fields(value)]
    by_class = {name: getattr(value, name) for name in names if hasattr(value, name)}  # a default that was never set
    return _split({**by_class, **_held(value)}, names)


def _parts_of_model(value: BaseModel) -> dict[str, Any]:
    kind = type(value)
    parts = _split(vars(value), kind.model_fields)
    extra = value.__pydantic_extra__
    if extra != _no_extra(kind):
        parts["extra"] = extra
    set_fields = value.__pydantic_fields_set__
    if set_fields != {*parts["fields"], *(extra or ())}:
        parts["fields_set"] = sorted(set_fields)
    private = getattr(value, "__pydantic_private__", None)
    return parts if private is None else {**parts, "private": private}


def _split(held: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    known = set(names)
    parts = {"fields": {name: part for name, part in held.items() if name in known}}
    state = {name: part for name, part in held.items() if name not in known}
    return {**parts, "state": state} if state else parts


def _held(value: Any) -> dict[str, Any]:
    return {**getattr(value, "__dict__", {}), **held_in_slots(value)}


def _no_extra(kind: type[BaseModel]) -> dict[str, Any] | None:
    return {} if kind.model_config.get("extra") == "allow" else None


def _model(
    kind: type[BaseModel],
    *,
    fields: dict[str, Any],
    state: Mapping[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
    fields_set: Iterable[str] | None = None,
    private: dict[str, Any] | None = None,
) -> BaseModel:
    known = kind.model_fields
    names = {*fields, *(extra or ())} if fields_set is None else set(fields_set)
    held = {name: part for name, part in fields.items() if name in known}
    lost = {name: part for name, part in fields.items() if name not in known}
    if lost and _no_extra(kind) is None:
        names -= {*lost}
    elif lost:
        extra = {**(extra or {}), **lost}
    for name, field in known.items():
        if name not in held and not field.is_required():  # the class did not have it when this was recorded
            held[name] = field.get_default(call_default_factory=True, validated_data=held)
    made = kind.__new__(kind)
    object.__setattr__(made, "__dict__", {**held, **(state or {})})
    object.__setattr__(made, "__pydantic_extra__", _no_extra(kind) if extra is None else extra)
    object.__setattr__(made, "__pydantic_fields_set__", names)
    object.__setattr__(made, "__pydantic_private__", private)
    return made


def _dataclass(kind: type[Any], *, fields: dict[str, Any], state: Mapping[str, Any] | None = None) -> Any:
    made = object.__new__(kind)
    for field in dataclasses.fields(kind):
        value = fields[field.name] if field.name in fields else _default(field)
        if value is not _MISSING:
            object.__setattr__(made, field.name, value)
    for name, value in (state or {}).items():
        object.__setattr__(made, name, value)
    return made


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return _MISSING if field.default_factory is dataclasses.MISSING else field.default_factory()
