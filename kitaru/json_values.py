"""JSON in and out of flows: arguments that arrive as JSON, and results that leave as JSON."""

from __future__ import annotations

import inspect
import json
import numbers
import typing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kitaru._core.words.suggest import did_you_mean
from kitaru._core.words.validation import problems
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import TypeAdapter

__all__ = ["arguments_from_json", "inputs_from_json", "result_to_json"]

_MISSING = inspect.Parameter.empty


def arguments_from_json(
    function: Callable[..., Any], values: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments to call a function with, made from a JSON object of its parameters.

    Where a parameter's annotation resolves and pydantic knows the type, the value becomes that type: an object becomes
    the dataclass or pydantic model, a string the date. Elsewhere it stays what JSON made of it.

    Args:
        function: The user's function.
        values: Its parameters by name. ``**kwargs`` takes names that are not parameters; ``*args`` takes none.

    Raises:
        KitaruUsageError: A name is unknown, a parameter without a default is missing, or a value is not what the
            parameter's annotation asks for; the message names the parameter.

    Examples:
        >>> def greet(name: str, day: datetime.date) -> str: ...
        >>> arguments_from_json(greet, {"name": "Ada", "day": "2026-01-31"})
        ((), {'name': 'Ada', 'day': datetime.date(2026, 1, 31)})
    """
    parameters = inspect.signature(function).parameters
    _check_names(parameters, values)
    positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_ONLY and p.name in values]
    converted = {
        name: _convert(name, _annotation(function, parameters.get(name)), value) for name, value in values.items()
    }
    return tuple(converted.pop(name) for name in positional), converted


def inputs_from_json(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return some of a function's arguments by name, made from JSON as by ``arguments_from_json``.

    Args:
        function: The user's function.
        values: Some of its parameters by name.

    Raises:
        KitaruUsageError: A name is unknown, or a value is not what the parameter's annotation asks for.
    """
    parameters = inspect.signature(function).parameters
    named = {p.name: p.replace(default=None) for p in parameters.values() if p.kind is not p.VAR_KEYWORD}
    _check_names(named, values)
    return {name: _convert(name, _annotation(function, parameters[name]), value) for name, value in values.items()}


def result_to_json(value: object) -> str:
    """Return a result as JSON; what JSON has no form for appears as its ``repr``, a JSON string.

    Dataclasses and pydantic models become objects, dates and paths strings, sets lists.

    Examples:
        >>> result_to_json({"score": 0.5, "at": datetime.date(2026, 1, 31)})
        '{"score": 0.5, "at": "2026-01-31"}'
    """
    try:
        return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):  # a key that is no string, NaN, a value that contains itself
        return json.dumps(repr(value), ensure_ascii=False)


def _check_names(parameters: Mapping[str, inspect.Parameter], values: Mapping[str, Any]) -> None:
    named = {p.name: p for p in parameters.values() if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}}
    shown = f"The parameters are {', '.join(named)}." if named else "It takes no parameters."
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    unknown = [] if takes_any else [name for name in values if name not in named]
    if unknown:
        hint = did_you_mean(unknown[0], named)
        raise KitaruUsageError(f"The input has {unknown[0]!r}, which the flow does not take.{hint} {shown}")
    missing = [p.name for p in named.values() if p.default is _MISSING and p.name not in values]
    if missing:
        raise KitaruUsageError(f"The input lacks {', '.join(map(repr, missing))}. {shown}")


def _annotation(function: Callable[..., Any], parameter: inspect.Parameter | None) -> Any:
    """Return the parameter's annotation, resolved where it is text; ``Any`` where there is none or it cannot be."""
    if parameter is None or parameter.annotation is _MISSING:
        return Any
    holder = SimpleNamespace(__annotations__={"it": parameter.annotation})
    try:
        hints = typing.get_type_hints(holder, inspect.unwrap(function).__globals__, include_extras=True)
    except Exception:  # noqa: BLE001 - evaluating an annotation runs any code; a name known to type checkers only is usual
        return Any
    return hints["it"]


def _convert(name: str, annotation: Any, value: Any) -> Any:
    from pydantic import ValidationError

    adapter = _adapter(annotation)
    if adapter is None:
        return value
    try:
        # From JSON text, not from the value: pydantic then takes a string for a date in strict models too.
        return adapter.validate_json(json.dumps(value))
    except ValidationError as error:
        raise KitaruUsageError(f"The input does not fit the flow: {problems(error, name)}.") from error


def _adapter(annotation: Any) -> TypeAdapter[Any] | None:
    from pydantic import PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter

    if annotation is Any:
        return None
    try:
        return TypeAdapter(annotation)
    except (PydanticUserError, PydanticUndefinedAnnotation):  # a type that pydantic does not know, such as a DataFrame
        return None


def _plain(value: Any) -> Any:
    """Return something that JSON has a form for, in place of a value that it has none for."""
    if isinstance(value, numbers.Integral):  # numpy's whole numbers, among others
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    adapter = _adapter(type(value))
    if adapter is None:
        return repr(value)
    try:
        return adapter.dump_python(value, mode="json")
    except ValueError:  # bytes that are no text, a field that pydantic cannot write
        return repr(value)
