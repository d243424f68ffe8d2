"""How arrays, scalars of NumPy and tables of pandas are written for a digest; neither is imported for it."""

from __future__ import annotations

import marshal
import sys
from hashlib import blake2b
from typing import Any, Final

from kitaru._core.identity.digest_objects import reduced
from kitaru._core.identity.digest_parts import SIZE, Node, Opener

# Where pandas remembers the properties that were read already.
_PANDAS_CACHE: Final = frozenset({"_cache"})


def opener_of(kind: type) -> Opener | None:
    """Return what writes the values of a class of NumPy or pandas; None for other classes."""
    return _numpy_opener(kind) or _pandas_opener(kind)


def _numpy_opener(kind: type) -> Opener | None:
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
    return lambda part: reduced(part, numpy.array(part, order="C", subok=True).__reduce_ex__(4))


def _masked(part: Any) -> Node:
    numpy: Any = sys.modules["numpy"]
    mask = numpy.ma.getmaskarray(part)
    return Node(part, b"masked\0", (type(part), numpy.asarray(part), mask, part.fill_value))


def _array(part: Any, array: Any, tag: bytes) -> Node:
    dtype = array.dtype
    head = tag + marshal.dumps(array.shape, 2)
    if dtype.names is not None:  # one by one, as what lies between aligned fields is random
        return Node(part, head, (dtype, *(array[name] for name in dtype.names)))
    if dtype.hasobject or dtype.kind == "T":
        return Node(part, head, (dtype, array.ravel().tolist()))
    if dtype.char in "gG":  # of the bytes of long doubles some are random
        return Node(part, head, (dtype, [repr(item) for item in array.ravel()]))
    if not dtype.isnative:  # which pickle makes it
        dtype = dtype.newbyteorder("=")
        array = array.astype(dtype)
    content = array.ravel(order="C").view("u1") if array.nbytes else b""
    return Node(part, head + blake2b(content, digest_size=SIZE, person=b"array").digest(), (dtype,))


def _pandas_opener(kind: type) -> Opener | None:
    pandas: Any = sys.modules.get("pandas")
    extensions: Any = sys.modules.get("pandas.api.extensions")
    if issubclass(kind, getattr(pandas, "DataFrame", ())):
        return lambda part: _labelled(part, part.columns, *(_values(column) for _, column in part.items()))
    if issubclass(kind, getattr(pandas, "Series", ())):
        return lambda part: _labelled(part, _values(part))
    if issubclass(kind, getattr(pandas, "Index", ())):
        return _index
    if issubclass(kind, getattr(extensions, "ExtensionDtype", ())):
        return lambda part: reduced(part, part.__reduce_ex__(4), _PANDAS_CACHE)
    return _extension if issubclass(kind, getattr(extensions, "ExtensionArray", ())) else None


def _labelled(part: Any, *content: Any) -> Node:
    own = {name: getattr(part, name, None) for name in part._metadata}  # noqa: SLF001 - documented for subclasses
    unique = not part.flags.allows_duplicate_labels
    return Node(part, b"labelled\0", (own, type(part), part.attrs, unique, part.index, *content))


def _index(part: Any) -> Node:
    pandas: Any = sys.modules["pandas"]
    if isinstance(part, pandas.RangeIndex):
        content = [part.start, part.stop, part.step]
    elif isinstance(part, pandas.MultiIndex):  # whose levels may hold more than it shows, and be named by numbers
        nameless = part.set_names([None] * part.nlevels)
        content = [nameless.get_level_values(level) for level in range(part.nlevels)]
    else:
        content = [_values(part)]
    return Node(part, b"index\0", (type(part), list(part.names), getattr(part, "freqstr", None), *content))


def _values(part: Any) -> Any:
    return part.array if hasattr(part.dtype, "construct_array_type") else part.to_numpy()


def _extension(part: Any) -> Node:
    pandas: Any = sys.modules["pandas"]
    arrays, dtype = pandas.arrays, part.dtype
    if isinstance(dtype, pandas.StringDtype):  # where its texts are stored is no part of it
        texts = part.to_numpy(dtype=object, na_value=None).tolist()
        return Node(part, b"strings\0", (dtype.na_value, texts))
    if isinstance(part, arrays.IntegerArray | arrays.FloatingArray | arrays.BooleanArray):
        content = [part.isna(), part.to_numpy(dtype=dtype.numpy_dtype, na_value=0)]  # behind a mask anything may lie
    elif isinstance(part, arrays.DatetimeArray | arrays.TimedeltaArray | arrays.PeriodArray):
        content = [part.asi8]
    elif isinstance(part, pandas.Categorical):
        content = [part.codes]
    else:
        content = [sys.modules["numpy"].asarray(part, dtype=object)]
    return Node(part, b"extension\0", (dtype, *content))
