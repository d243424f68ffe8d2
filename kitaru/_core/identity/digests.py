"""A digest of a value that is the same in every process.

The hash of a pickle is not: it depends on the order of sets, on which equal texts are one object and on how the value
came to be. Here every part is written under the tag of its kind, and by nothing but its content.

One kind of value is written in one way, or two digests of a value could differ. Lists, tuples, dicts and sets of scalars
are written by ``marshal``, at the speed of C; its version 2 knows neither references nor interned texts.
"""

from __future__ import annotations

import copyreg
import marshal
import math
import re
import reprlib
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, Flag
from functools import cached_property
from hashlib import blake2b
from operator import attrgetter, ne
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from kitaru._core.code.modules import main_alias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

_SIZE = 12
_FLAT = frozenset({type(None), bool, int, float, str, bytes})
_SCALARS = _FLAT | {complex}
_SORTABLE = frozenset({int, str, bytes})
# Types that no module holds under their names.
_NAMELESS = {type(None): "None", type(...): "...", type(NotImplemented): "NotImplemented"}
# Modules whose reductions hold addresses in memory.
_UNSTABLE = frozenset({"torch.storage"})
_LONGEST_PATH = 200
_MAIN = ("__main__", "__mp_main__")


class Undigestible(Exception):  # noqa: N818 - it says what a value is, as KeyboardInterrupt says what happened
    """A part of a value has no stable digest; the message says its type and where in the value it is."""


@dataclass(slots=True)
class _Node:
    """A part that consists of other parts.

    Attributes:
        part: The part itself.
        head: Its tag, and what of it is not in its children.
        children: What it consists of.
        names: What its children are called in messages; None for what an object is rebuilt from, its state first.
        ordered: Whether the order of the children counts.
        digests: Those of the children that are done.
        number: Its place among the parts that may be on a cycle.
        low: The lowest such place that its children lead back to.
        cycles: How many references closed a cycle before it was entered.
        rest: The children that are not done.
    """

    part: Any
    head: bytes
    children: Sequence[Any]
    names: Sequence[Any] | None = None
    ordered: bool = True
    digests: list[bytes] = field(default_factory=list)
    rest: Iterator[Any] = field(init=False)
    number: int = 0
    low: int = 0
    cycles: int = 0

    def __post_init__(self) -> None:
        self.rest = iter(self.children)


_Opener: TypeAlias = "Callable[[Any], bytes | _Node]"


def _no_token(_part: Any) -> str | None:
    return None


def digest(value: Any, token: Callable[[Any], str | None] = _no_token) -> str:
    """Return a digest of what a value holds, the same in every process that has the same classes.

    Types count, all the way down. The order of dicts and sets does not, nor which equal parts are one object (but for
    objects that lead back to themselves), nor which cached properties were read already.

    Args:
        value: The value.
        token: Is called with every part of the value, once, containers before what is in them and the value itself
            first; also with what objects are rebuilt from, as their states. Where it returns text, that stands for the
            part. It never gets None, nor an exact bool, int, float, complex, str or bytes.

    Returns:
        24 hexadecimal characters.

    Raises:
        Undigestible: A part can only be identified within this process: a lambda, a lock, an open file.
        Exception: What ``token`` raises.

    Example:
        >>> digest({"a": 1, "b": [2.5]}) == digest({"b": [2.5], "a": 1})
        True
    """
    return _Walk(token).run(value).hex()


class _Walk:
    """One walk through a value, without recursion as values may be deep.

    Cycles are handled by Tarjan's algorithm for strongly connected components: a reference within a component is
    written as a distance on the stack, and what is on no cycle by its content alone.
    """

    def __init__(self, token: Callable[[Any], str | None]) -> None:
        self._token = token
        self._openers = dict(_EXACT)
        self._done: dict[int, bytes] = {}
        self._alive: list[Any] = []  # ids of dead parts would come again
        self._path: list[_Node] = []
        self._stack: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._cycles = 0

    def run(self, value: Any) -> bytes:
        root = _Node(None, b"", (value,), names=())
        self._path.append(root)
        while True:
            node = self._path[-1]
            child = self._fill(node)
            if child is not None:
                self._push(child)
            elif node is root:
                return root.digests[0]
            else:
                self._leave(self._path.pop())

    def _fill(self, node: _Node) -> _Node | None:
        """Write the children; return the first that has children of its own."""
        for part in node.rest:
            written = self._known(node, part) or self._open(part)
            if isinstance(written, _Node):
                return written
            node.digests.append(written)
        return None

    def _known(self, parent: _Node, part: Any) -> bytes | None:
        number = self._numbers.get(id(part))
        if number is None:
            return self._done.get(id(part))
        parent.low = min(parent.low, number)
        self._cycles += 1
        return _hash(b"cycle\0", marshal.dumps(len(self._stack) - number, 2))

    def _open(self, part: Any) -> bytes | _Node:
        kind = type(part)
        text = None if kind in _SCALARS else self._token(part)
        try:
            written = self._opener(kind)(part) if text is None else _token(text)
        except Exception as error:
            raise self._undigestible(part, f"{type(error).__name__}: {error}") from error
        if kind not in _SCALARS:
            self._alive.append(part)
            if type(written) is bytes:
                self._done[id(part)] = written
        return written

    def _opener(self, kind: type) -> _Opener:
        opener = self._openers.get(kind)
        if opener is None:
            opener = self._openers[kind] = _opener_of(kind)
        return opener

    def _push(self, node: _Node) -> None:
        node.number = node.low = len(self._stack)
        node.cycles = self._cycles
        self._numbers[id(node.part)] = node.number
        self._stack.append(node.part)
        self._path.append(node)

    def _leave(self, node: _Node) -> None:
        if not node.ordered:
            self._check_order(node)
            node.digests.sort()
        result = _hash(node.head, *node.digests)
        parent = self._path[-1]
        parent.digests.append(result)
        parent.low = min(parent.low, node.low)
        if node.low == node.number:
            self._finish(node.number, result)

    def _check_order(self, node: _Node) -> None:
        # Where a cycle is entered decides how it is written, and elements of a set come in no order.
        if len(node.children) > 1 and node.cycles != self._cycles:
            raise self._undigestible(node.part, "what it holds leads back to itself, and has no order to follow")

    def _finish(self, number: int, result: bytes) -> None:
        """Remember the parts that only lead back to one another."""
        for place, part in enumerate(self._stack[number:]):
            own = _hash(b"member\0", result, marshal.dumps(place, 2)) if place else result
            self._done[id(part)] = own
            del self._numbers[id(part)]
        del self._stack[number:]

    def _undigestible(self, part: Any, reason: str) -> Undigestible:
        path = re.sub(r"\.\['(\w+)'\]", r".\1", "".join(map(_step, self._path)))
        if len(path) > _LONGEST_PATH:
            path = f"...{path[-_LONGEST_PATH:]}"
        place = f"at {path}" if path else "the value itself"
        return Undigestible(f"{_describe(part)} ({place}) has no stable digest. {reason}")


def _describe(part: Any) -> str:
    kind = type(part)
    if issubclass(kind, type | FunctionType):
        return f"The {kind.__name__} {part.__module__}.{part.__qualname__}"
    return f"A value of type {kind.__module__}.{kind.__qualname__}"


def _step(node: _Node) -> str:
    index = len(node.digests)
    if node.names is None:
        return "" if index else "."
    return f"[{reprlib.repr(node.names[index])}]" if index < len(node.names) else ""


def _hash(*parts: bytes) -> bytes:
    return blake2b(b"".join(parts), digest_size=_SIZE).digest()


def _flat(values: list[Any] | tuple[Any, ...]) -> bytes | None:
    """Write scalars; None where other parts are among them."""
    kinds = set(map(type, values))
    if not kinds <= _FLAT:
        return None
    if float in kinds and _may_hold_nan(values, kinds):
        # inf - inf is another NaN than the one that JSON loads.
        values = type(values)([item if item == item else math.nan for item in values])  # noqa: PLR0124
    return marshal.dumps(values, 2)


def _may_hold_nan(values: Sequence[Any], kinds: set[type]) -> bool:
    return math.isnan(sum(values)) if kinds == {float} else any(map(ne, values, values))


def _in_order(items: Collection[Any]) -> list[Any] | None:
    kinds = set(map(type, items))
    return sorted(items) if len(kinds) <= 1 and kinds <= _SORTABLE else None


def _scalar(part: Any) -> bytes:
    if type(part) is complex:
        return _hash(b"complex\0", _scalar(part.real), _scalar(part.imag))
    return _hash(b"scalar\0", marshal.dumps(part if part == part else math.nan, 2))  # noqa: PLR0124


def _token(text: str) -> bytes:
    return _hash(b"token\0", text.encode("utf-8", "surrogatepass"))


def _sequence(part: list[Any] | tuple[Any, ...]) -> bytes | _Node:
    flat = _flat(part)
    if flat is not None:
        return _hash(b"flat\0", flat)
    return _Node(part, b"list\0" if type(part) is list else b"tuple\0", part, range(len(part)))


def _dict(part: dict[Any, Any]) -> bytes | _Node:
    keys = _in_order(part)
    if keys is None:
        return _Node(part, b"items\0", list(part.items()), list(part), ordered=False)
    values = [part[key] for key in keys]
    flat, written = _flat(values), marshal.dumps(keys, 2)
    if flat is not None:
        return _hash(b"flat dict\0", written, flat)
    return _Node(part, b"dict\0" + written, values, keys)


def _set(part: set[Any] | frozenset[Any]) -> bytes | _Node:
    items = _in_order(part)
    tag = b"set\0" if type(part) is set else b"frozenset\0"
    if items is not None:
        return _hash(b"flat " + tag, marshal.dumps(items, 2))
    return _Node(part, tag, list(part), range(len(part)), ordered=False)


_EXACT: dict[type, _Opener] = {
    **dict.fromkeys(_SCALARS, _scalar),
    list: _sequence,
    tuple: _sequence,
    dict: _dict,
    set: _set,
    frozenset: _set,
    bytearray: lambda part: _hash(b"bytearray\0", part),
    UUID: lambda part: _hash(b"uuid\0", part.bytes),  # a state has how it was made, too, which its text has not
    FunctionType: lambda part: _global(part, part.__qualname__),
}


def _opener_of(kind: type) -> _Opener:
    """Return what writes the parts of a type that is not in the table."""
    reduce = copyreg.dispatch_table.get(kind)
    if reduce is not None:
        return lambda part: _reduced(part, reduce(part))
    if issubclass(kind, type):
        return _class
    if issubclass(kind, Enum):
        return _enum
    return _numpy_opener(kind) or _pandas_opener(kind) or _object_opener(kind)


def _object_opener(kind: type) -> _Opener:
    attributes = {name: item for base in reversed(kind.__mro__) for name, item in vars(base).items()}
    cached = frozenset(name for name, item in attributes.items() if isinstance(item, cached_property))
    return lambda part: _reduced(part, part.__reduce_ex__(4), cached)


def _enum(part: Any) -> _Node:
    own = part._value_ if isinstance(part, Flag) else part._name_
    return _Node(part, b"enum\0" + marshal.dumps(own, 2), (type(part),))


def _class(part: type) -> bytes | _Node:
    if part in _NAMELESS:
        return _hash(b"type of\0", _NAMELESS[part].encode())
    generic = vars(part).get("__pydantic_generic_metadata__") or {}
    if generic.get("origin"):  # such as Page[int], which pydantic makes wherever it is written
        return _Node(part, b"generic\0", (generic["origin"], *generic["args"]))
    return _global(part, part.__qualname__)


def _global(part: Any, name: str) -> bytes:
    module = getattr(part, "__module__", None) or type(part).__module__
    if attrgetter(name)(sys.modules[module]) is not part:
        raise LookupError(f"{module}.{name} is another object.")
    alias = main_alias() if module in _MAIN else None
    return _hash(b"global\0", marshal.dumps((alias.name if alias else module, name), 2))


def _reduced(part: Any, reduced: str | tuple[Any, ...], cached: frozenset[str] = frozenset()) -> bytes | _Node:
    """Write an object by what ``pickle`` would rebuild it from, without the cached properties of these names."""
    if isinstance(reduced, str):
        return _global(part, reduced)
    function, args, state, items, pairs, setter = (*reduced, None, None, None, None)[:6]
    if getattr(function, "__module__", None) in _UNSTABLE:
        raise TypeError(f"What {function.__module__} reduces it to differs from process to process.")
    if isinstance(part, set | frozenset):
        args = [frozenset(item) if type(item) is list else item for item in args]
    items = None if items is None else list(items)
    if pairs is not None:
        pairs = list(pairs) if isinstance(part, OrderedDict) or not isinstance(part, dict) else dict(pairs)
    return _Node(part, b"object\0", (_settled(state, cached), (items, pairs, setter), function, *args))


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


def _numpy_opener(kind: type) -> _Opener | None:
    numpy: Any = sys.modules.get("numpy")
    if issubclass(kind, getattr(numpy, "generic", ())) and kind.__module__ == "numpy":
        return lambda part: _array(part, numpy.asarray(part), b"numpy scalar\0")
    if not issubclass(kind, getattr(numpy, "ndarray", ())):
        return None
    if kind is numpy.ndarray:
        return lambda part: _array(part, part, b"array\0")
    if issubclass(kind, numpy.ma.MaskedArray):
        return _masked
    # The reduction of another subclass holds the bytes in the order of the memory.
    return lambda part: _reduced(part, numpy.array(part, order="C", subok=True).__reduce_ex__(4))


def _masked(part: Any) -> _Node:
    numpy: Any = sys.modules["numpy"]
    mask = numpy.ma.getmaskarray(part)
    return _Node(part, b"masked\0", (type(part), numpy.asarray(part), mask, part.fill_value))


def _array(part: Any, array: Any, tag: bytes) -> _Node:
    dtype = array.dtype
    head = tag + marshal.dumps(array.shape, 2)
    if dtype.names is not None:  # one by one, as what lies between aligned fields is random
        return _Node(part, head, (dtype, *(array[name] for name in dtype.names)))
    if dtype.hasobject or dtype.kind == "T":
        return _Node(part, head, (dtype, array.ravel().tolist()))
    if dtype.char in "gG":  # of the bytes of long doubles some are random
        return _Node(part, head, (dtype, [repr(item) for item in array.ravel()]))
    if not dtype.isnative:  # which pickle makes it
        dtype = dtype.newbyteorder("=")
        array = array.astype(dtype)
    content = array.ravel(order="C").view("u1") if array.nbytes else b""
    return _Node(part, head + blake2b(content, digest_size=_SIZE, person=b"array").digest(), (dtype,))


def _pandas_opener(kind: type) -> _Opener | None:
    pandas: Any = sys.modules.get("pandas")
    extensions: Any = sys.modules.get("pandas.api.extensions")
    if issubclass(kind, getattr(pandas, "DataFrame", ())):
        return lambda part: _labelled(part, part.columns, *(_values(column) for _, column in part.items()))
    if issubclass(kind, getattr(pandas, "Series", ())):
        return lambda part: _labelled(part, _values(part))
    if issubclass(kind, getattr(pandas, "Index", ())):
        return _index
    return _extension if issubclass(kind, getattr(extensions, "ExtensionArray", ())) else None


def _labelled(part: Any, *content: Any) -> _Node:
    own = {name: getattr(part, name, None) for name in part._metadata}  # noqa: SLF001 - documented for subclasses
    unique = not part.flags.allows_duplicate_labels
    return _Node(part, b"labelled\0", (own, type(part), part.attrs, unique, part.index, *content))


def _index(part: Any) -> _Node:
    pandas: Any = sys.modules["pandas"]
    if isinstance(part, pandas.RangeIndex):
        content = [part.start, part.stop, part.step]
    elif isinstance(part, pandas.MultiIndex):  # whose levels may hold more than it shows, and be named by numbers
        nameless = part.set_names([None] * part.nlevels)
        content = [nameless.get_level_values(level) for level in range(part.nlevels)]
    else:
        content = [_values(part)]
    return _Node(part, b"index\0", (type(part), list(part.names), getattr(part, "freqstr", None), *content))


def _values(part: Any) -> Any:
    return part.array if hasattr(part.dtype, "construct_array_type") else part.to_numpy()


def _extension(part: Any) -> _Node:
    pandas: Any = sys.modules["pandas"]
    arrays, dtype = pandas.arrays, part.dtype
    if isinstance(dtype, pandas.StringDtype):  # where its texts are stored is no part of it
        texts = part.to_numpy(dtype=object, na_value=None).tolist()
        return _Node(part, b"strings\0", (dtype.na_value, texts))
    if isinstance(part, arrays.IntegerArray | arrays.FloatingArray | arrays.BooleanArray):
        content = [part.isna(), part.to_numpy(dtype=dtype.numpy_dtype, na_value=0)]  # behind a mask anything may lie
    elif isinstance(part, arrays.DatetimeArray | arrays.TimedeltaArray | arrays.PeriodArray):
        content = [part.asi8]
    elif isinstance(part, pandas.Categorical):
        content = [part.codes]
    else:
        content = [sys.modules["numpy"].asarray(part, dtype=object)]
    return _Node(part, b"extension\0", (dtype, *content))
