"""How objects, classes and members of enumerations are written for a digest."""

from __future__ import annotations

import marshal
import sys
from collections import OrderedDict
from enum import Flag
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from kitaru._core.code.modules import MAIN, main_alias
from kitaru._core.identity.digest_parts import Node, Opener, write

if TYPE_CHECKING:
    from kitaru._core.values.contents import Content

# Types that no module holds under their names.
_NAMELESS = {type(None): "None", type(...): "...", type(NotImplemented): "NotImplemented"}
# Modules whose reductions hold addresses in memory.
_UNSTABLE = frozenset({"torch.storage"})


def opener_of(kind: type) -> Opener:
    """Return what writes the objects of a class."""
    attributes = {name: item for base in reversed(kind.__mro__) for name, item in vars(base).items()}
    cached = frozenset(name for name, item in attributes.items() if isinstance(item, cached_property))
    return lambda part: reduced(part, part.__reduce_ex__(4), cached)


def enum_member(part: Any) -> Node:
    """Write a member by its name, or its value where it may be made of several."""
    own = part._value_ if isinstance(part, Flag) else part._name_
    return Node(part, b"enum\0" + marshal.dumps(own, 2), (type(part),))


def content(part: Content) -> bytes:
    """Write a file or folder by its name and what it contains now."""
    now = part.copy_to(None)
    return write(b"content\0", marshal.dumps((part.kind, now.name, now.digest, now.executable), 2))


def class_of(part: type) -> bytes | Node:
    """Write a class by its name."""
    if part in _NAMELESS:
        return write(b"type of\0", _NAMELESS[part].encode())
    generic = vars(part).get("__pydantic_generic_metadata__") or {}
    if generic.get("origin"):  # such as Page[int], which pydantic makes wherever it is written
        return Node(part, b"generic\0", (generic["origin"], *generic["args"]))
    return named(part, part.__qualname__)


def named(part: Any, name: str) -> bytes:
    """Write what a module holds under a name."""
    module = getattr(part, "__module__", None) or type(part).__module__
    if attrgetter(name)(sys.modules[module]) is not part:
        raise LookupError(f"{module}.{name} is another object.")
    alias = main_alias() if module in MAIN else None
    return write(b"global\0", marshal.dumps((alias.name if alias else module, name), 2))


def reduced(part: Any, recipe: str | tuple[Any, ...], cached: frozenset[str] = frozenset()) -> bytes | Node:
    """Write an object by what ``pickle`` would rebuild it from, without the cached properties of these names."""
    if isinstance(recipe, str):
        return named(part, recipe)
    function, args, state, items, pairs, setter = (*recipe, None, None, None, None)[:6]
    if getattr(function, "__module__", None) in _UNSTABLE:
        raise TypeError(f"What {function.__module__} reduces it to differs from process to process.")
    if isinstance(part, set | frozenset):
        args = [frozenset(item) if type(item) is list else item for item in args]
    items = None if items is None else list(items)
    if pairs is not None:
        pairs = list(pairs) if isinstance(part, OrderedDict) or not isinstance(part, dict) else dict(pairs)
    return Node(part, b"object\0", (_settled(state, cached), (items, pairs, setter), function, *args))


def _settled(state: Any, cached: frozenset[str]) -> Any:
    """Leave out cached properties: a checkpoint that was not replayed but run may have read them."""
    if type(state) is tuple and len(state) == 2 and type(state[0]) is dict:  # noqa: PLR2004 - of a class with slots
        return _settled(state[0], cached), state[1]
    if type(state) is not dict:
        return state
    if cached and "__dict__" in state:  # of a pydantic model
        return {**state, "__dict__": _settled(state["__dict__"], cached)}
    # None where nothing is left: whether an empty __dict__ exists yet is chance.
    return {key: item for key, item in state.items() if key not in cached} or None
