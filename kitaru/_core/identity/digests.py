"""A digest of a value that is the same in every process.

The hash of a pickle is not: it depends on the order of sets, on which equal texts are one object and on how the value
came to be. Here every part is written under the tag of its kind, and by nothing but its content.

One kind of value is written in one way, or two digests of a value could differ. Lists, tuples, dicts and sets of scalars
are written by ``marshal``, at the speed of C; its version 2 knows neither references nor interned texts.
"""

from __future__ import annotations

import copyreg
import inspect
import marshal
import math
import re
import reprlib
import threading
from enum import Enum
from operator import ne
from types import FunctionType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from kitaru._core.code.bytecode import code_digest
from kitaru._core.identity import digest_arrays, digest_objects
from kitaru._core.identity.digest_parts import Node, Opener, write
from kitaru._core.values.contents import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_FLAT = frozenset({type(None), bool, int, float, str, bytes})
_SCALARS = _FLAT | {complex}
_SORTABLE = frozenset({int, str, bytes})
_LONGEST_PATH = 200


# Texts and bytes of so many characters are written once, and how many of them are remembered.
_LARGE = 2**16
_REMEMBERED = 1000
_written: dict[tuple[int, type, int, int], bytes] = {}
_remembering = threading.Lock()


class Undigestible(Exception):  # noqa: N818 - it says what a value is, as KeyboardInterrupt says what happened
    """A part of a value has no stable digest; the message says its type and where in the value it is."""


def _no_token(_part: Any) -> str | None:
    return None


def digest(value: Any, token: Callable[[Any], str | None] = _no_token, *, strict: bool = False) -> str:
    """Return a digest of what a value holds, the same in every process that has the same classes.

    Types count, all the way down. The order of dicts and sets does not, nor which equal parts are one object (but for
    objects that lead back to themselves), nor which cached properties were read already.

    Args:
        value: The value.
        token: Is called with every part of the value, once, containers before what is in them and the value itself
            first; also with what objects are rebuilt from, as their states. Where it returns text, that stands for the
            part. It never gets None, nor an exact bool, int, float, complex, str or bytes.
        strict: Whether the order of dicts counts as well, and what functions do.

    Returns:
        24 hexadecimal characters.

    Raises:
        Undigestible: A part can only be identified within this process: a lambda, a lock, an open file.
        Exception: What ``token`` raises.

    Example:
        >>> digest({"a": 1, "b": [2.5]}) == digest({"b": [2.5], "a": 1})
        True
    """
    return _Walk(token, _STRICT if strict else _EXACT).run(value).hex()


class _Walk:
    """One walk through a value, without recursion as values may be deep.

    Cycles are handled by Tarjan's algorithm for strongly connected components: a reference within a component is
    written as a distance on the stack, and what is on no cycle by its content alone.
    """

    def __init__(self, token: Callable[[Any], str | None], openers: dict[type, Opener]) -> None:
        self._token = token
        self._openers = dict(openers)
        self._done: dict[int, bytes] = {}
        self._alive: list[Any] = []  # ids of dead parts would come again
        self._path: list[Node] = []
        self._stack: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._cycles = 0

    def run(self, value: Any) -> bytes:
        root = Node(None, b"", (value,), names=())
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

    def _fill(self, node: Node) -> Node | None:
        """Write the children; return the first that has children of its own."""
        for part in node.rest:
            written = self._known(node, part) or self._open(part)
            if isinstance(written, Node):
                return written
            node.digests.append(written)
        return None

    def _known(self, parent: Node, part: Any) -> bytes | None:
        number = self._numbers.get(id(part))
        if number is None:
            return self._done.get(id(part))
        parent.low = min(parent.low, number)
        self._cycles += 1
        return write(b"cycle\0", marshal.dumps(len(self._stack) - number, 2))

    def _open(self, part: Any) -> bytes | Node:
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

    def _opener(self, kind: type) -> Opener:
        opener = self._openers.get(kind)
        if opener is None:
            opener = self._openers[kind] = _opener_of(kind)
        return opener

    def _push(self, node: Node) -> None:
        node.number = node.low = len(self._stack)
        node.cycles = self._cycles
        self._numbers[id(node.part)] = node.number
        self._stack.append(node.part)
        self._path.append(node)

    def _leave(self, node: Node) -> None:
        if not node.ordered:
            self._check_order(node)
            node.digests.sort()
        result = write(node.head, *node.digests)
        parent = self._path[-1]
        parent.digests.append(result)
        parent.low = min(parent.low, node.low)
        if node.low == node.number:
            self._finish(node.number, result)

    def _check_order(self, node: Node) -> None:
        # Where a cycle is entered decides how it is written, and elements of a set come in no order.
        if len(node.children) > 1 and node.cycles != self._cycles:
            raise self._undigestible(node.part, "what it holds leads back to itself, and has no order to follow")

    def _finish(self, number: int, result: bytes) -> None:
        """Remember the parts that only lead back to one another."""
        for place, part in enumerate(self._stack[number:]):
            own = write(b"member\0", result, marshal.dumps(place, 2)) if place else result
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


def _step(node: Node) -> str:
    index = len(node.digests)
    if node.names is None:
        return "" if index else "."
    return f"[{reprlib.repr(node.names[index])}]" if index < len(node.names) else ""


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
        return write(b"complex\0", _scalar(part.real), _scalar(part.imag))
    if type(part) in (bytes, str) and len(part) >= _LARGE:
        return _large(part)
    return write(b"scalar\0", marshal.dumps(part if part == part else math.nan, 2))  # noqa: PLR0124


def _large(part: bytes | str) -> bytes:
    """Write a large text or bytes, once for each object: it keeps its hash, and its contents do not change."""
    key = id(part), type(part), len(part), hash(part)
    written = _written.get(key)
    if written is None:
        written = write(b"scalar\0", marshal.dumps(part, 2))
        with _remembering:
            if len(_written) >= _REMEMBERED:
                del _written[next(iter(_written))]
            _written[key] = written
    return written


def _token(text: str) -> bytes:
    return write(b"token\0", text.encode("utf-8", "surrogatepass"))


def _sequence(part: list[Any] | tuple[Any, ...]) -> bytes | Node:
    flat = _flat(part)
    if flat is not None:
        return write(b"flat\0", flat)
    return Node(part, b"list\0" if type(part) is list else b"tuple\0", part, range(len(part)))


def _dict(part: dict[Any, Any]) -> bytes | Node:
    keys = _in_order(part)
    if keys is None:
        return Node(part, b"items\0", list(part.items()), list(part), ordered=False)
    values = [part[key] for key in keys]
    flat, written = _flat(values), marshal.dumps(keys, 2)
    if flat is not None:
        return write(b"flat dict\0", written, flat)
    return Node(part, b"dict\0" + written, values, keys)


def _dict_in_order(part: dict[Any, Any]) -> bytes | Node:
    keys, values = list(part), list(part.values())
    flat_keys = _flat(keys)
    if flat_keys is None:
        return Node(part, b"ordered items\0", list(part.items()), keys)
    flat = _flat(values)
    if flat is not None:
        return write(b"flat ordered dict\0", flat_keys, flat)
    return Node(part, b"ordered dict\0" + flat_keys, values, keys)


def _set(part: set[Any] | frozenset[Any]) -> bytes | Node:
    items = _in_order(part)
    tag = b"set\0" if type(part) is set else b"frozenset\0"
    if items is not None:
        return write(b"flat " + tag, marshal.dumps(items, 2))
    return Node(part, tag, list(part), range(len(part)), ordered=False)


def _function_with_code(part: FunctionType) -> bytes:
    name = digest_objects.named(part, part.__qualname__)
    return write(b"function\0", name, code_digest(inspect.unwrap(part).__code__).encode())


_EXACT: dict[type, Opener] = {
    **dict.fromkeys(_SCALARS, _scalar),
    list: _sequence,
    tuple: _sequence,
    dict: _dict,
    set: _set,
    frozenset: _set,
    bytearray: lambda part: write(b"bytearray\0", part),
    UUID: lambda part: write(b"uuid\0", part.bytes),  # a state has how it was made, too, which its text has not
    FunctionType: lambda part: digest_objects.named(part, part.__qualname__),
}

_STRICT: dict[type, Opener] = {**_EXACT, dict: _dict_in_order, FunctionType: _function_with_code}


def _opener_of(kind: type) -> Opener:
    """Return what writes the parts of a type that is not in the table."""
    reduce = copyreg.dispatch_table.get(kind)
    if reduce is not None:
        return lambda part: digest_objects.reduced(part, reduce(part))
    if issubclass(kind, type):
        return digest_objects.class_of
    if issubclass(kind, Enum):
        return digest_objects.enum_member
    if issubclass(kind, Content):
        return digest_objects.content
    return digest_arrays.opener_of(kind) or digest_objects.opener_of(kind)
