"""Signatures of user functions: binding arguments, and the names under which they are recorded."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any

from kitaru._core.words.suggest import did_you_mean
from kitaru._core.words.zenml_words import NO_WORDS, answer_to
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

# Names that ZenML keeps for its own keywords of a step, and Kitaru for what it records beside the inputs.
_RESERVED = frozenset({"after", "id", "start_after", "self", "cls", "model_config", "kitaru_call", "kitaru_part_of"})


def bind(
    name: str,
    signature: inspect.Signature,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    options: Mapping[str, str] = NO_WORDS,
) -> dict[str, Any]:
    """Bind arguments as a call would, defaults filled in.

    Args:
        name: What is called, for the message.
        signature: The user function's signature.
        args: Positional arguments.
        kwargs: Keyword arguments.
        options: Keywords that are none of the function's parameters, and what is to be said of them; none by default.

    Returns:
        One value a parameter; ``*args`` as a tuple and ``**kwargs`` as a dict, under their own names.

    Raises:
        KitaruUsageError: The arguments do not fit.
    """
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        strange = next((key for key in kwargs if key not in signature.parameters), "")
        nearest = options.get(strange) or (did_you_mean(strange, [*signature.parameters, *options]) if strange else "")
        text = f"{name}{signature} cannot be called like this: {error}. {nearest.strip()}"
        raise KitaruUsageError(text.rstrip()) from error
    bound.apply_defaults()
    return dict(bound.arguments)


def refuse_unknown(
    where: str, unknown: Collection[str], known: Collection[str], words: Mapping[str, str] = NO_WORDS
) -> None:
    """Refuse keywords that a decorator does not take.

    Args:
        where: The decorator, for the message.
        unknown: What was given beside its options.
        known: Its options.
        words: What stands here for words of ZenML.

    Raises:
        KitaruUsageError: There are some; names the nearest option.
    """
    for name in unknown:
        hint = answer_to(name, words) or did_you_mean(name, known).strip()
        options = f"The options are {', '.join(known)}."
        raise KitaruUsageError(" ".join(filter(None, [f"{where}({name}=) is no option.", hint, options])))


def call(function: Callable[..., Any], signature: inspect.Signature, values: Mapping[str, Any]) -> Any:
    """Call a function with the values that :func:`bind` gave."""
    args, kwargs = arguments_of(signature, values)
    return function(*args, **kwargs)


def arguments_of(signature: inspect.Signature, values: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments that a function is called with, from the values that :func:`bind` gave."""
    bound = inspect.BoundArguments(signature, typing.cast("Any", dict(values)))
    return bound.args, bound.kwargs


def record_names(signature: inspect.Signature) -> dict[str, str]:
    """Map each parameter to the name under which ZenML records it.

    The same name nearly always; ZenML and pydantic refuse a few (``id``, ``after``, a leading underscore).
    """
    taken = set(signature.parameters)
    names: dict[str, str] = {}
    for parameter in signature.parameters:
        name = parameter
        if name in _RESERVED or name.startswith("_"):
            name = f"{name.lstrip('_') or 'unnamed'}_"
            while name in taken:
                name += "_"
            taken.add(name)
        names[parameter] = name
    return names


def recorded_signature(signature: inspect.Signature, returns: Any, *extra: str) -> inspect.Signature:
    """Build the signature that ZenML sees: every parameter by keyword, of any type, with a default.

    Types are Kitaru's business: ZenML would coerce ``"1"`` to ``1`` for an ``int``, which a Python call does not.
    """
    names = [*record_names(signature).values(), *extra]
    parameters = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Any) for n in names]
    return inspect.Signature(parameters, return_annotation=returns)


def output_annotation(function: Callable[..., Any]) -> Any:
    """Return the outputs of a function as ZenML should record them.

    A fixed tuple gives one output for each element where the function returns tuples that are written out, as in
    ZenML; ``Annotated[T, "name"]`` names an output, ``None`` gives none; everything else is one output. The element
    types are dropped: what a checkpoint returns is not type-checked.
    """
    annotation = return_annotation(function)
    if annotation is None or annotation is type(None):
        return None
    if typing.get_origin(annotation) is tuple:
        elements = typing.get_args(annotation)
        if len(elements) > 1 and Ellipsis not in elements and _returns_written_tuples(function):
            return types.GenericAlias(tuple, tuple(_named_any(element) for element in elements))
    return _named_any(annotation)


def output_count(returns: Any) -> int:
    """Return how many outputs :func:`output_annotation` has found."""
    if returns is None:
        return 0
    return len(typing.get_args(returns)) if typing.get_origin(returns) is tuple else 1


def _returns_written_tuples(function: Callable[..., Any]) -> bool:
    """Whether a function returns ``a, b``: for one that returns a variable, ZenML records a single output."""
    try:
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return False
    pending: list[ast.AST] = list(ast.iter_child_nodes(definition))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += ast.iter_child_nodes(node)
    return False


def _named_any(annotation: Any) -> Any:
    if typing.get_origin(annotation) is Annotated:
        names = [m for m in annotation.__metadata__ if isinstance(m, str) or type(m).__name__ == "ArtifactConfig"]
        if names:
            return Annotated[Any, names[0]]
    return Any


def return_annotation(function: Callable[..., Any]) -> Any:
    """Return what a function says that it returns; ``Any`` where it says nothing, or what cannot be resolved."""
    raw = getattr(function, "__annotations__", {}).get("return", Any)
    if not isinstance(raw, str):
        return raw
    holder = types.SimpleNamespace(__annotations__={"return": raw})
    try:
        return typing.get_type_hints(holder, globalns=function.__globals__, include_extras=True)["return"]
    except Exception:  # noqa: BLE001 - a name that is only there for type checkers, or is defined later
        return Any
