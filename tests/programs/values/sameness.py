"""Whether two values are equal all the way down, their types included."""

from __future__ import annotations

import ast
import dataclasses
import decimal
import functools
import math
import operator
from collections import ChainMap, deque
from functools import singledispatch
from types import FunctionType
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from pydantic import BaseModel

_around: set[tuple[int, int]] = set()


def same(one: Any, other: Any) -> bool:
    """Whether two values are of one type and equal, and so is everything in them; also where they lead back to themselves."""
    pair = (id(one), id(other))
    if pair in _around:
        return True
    _around.add(pair)
    try:
        return type(one) is type(other) and equal(one, other)
    finally:
        _around.discard(pair)


@singledispatch
def equal(one: Any, other: Any) -> bool:
    """Whether two values of one type are equal."""
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        return same(_held(one), _held(other))
    own_equality: Any = type(one).__eq__
    if (
        own_equality is object.__eq__
        and not isinstance(one, type | FunctionType)
        and (hasattr(one, "__dict__") or _slots(one))
    ):
        return same(_held(one), _held(other))
    return bool(one == other)


def _slots(one: Any) -> list[str]:
    named = [(kind, name) for kind in type(one).__mro__ for name in vars(kind).get("__slots__", ())]
    return [f"_{kind.__name__}{name}" if name.startswith("__") else name for kind, name in named]


def _held(one: Any) -> dict[str, Any]:
    return {**getattr(one, "__dict__", {}), **{name: getattr(one, name) for name in _slots(one) if hasattr(one, name)}}


@equal.register(functools.partial)
def equal_partials(one: Any, other: Any) -> bool:
    return same([one.func, one.args, one.keywords], [other.func, other.args, other.keywords])


@equal.register(operator.itemgetter)
@equal.register(operator.attrgetter)
def equal_getters(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


@equal.register(ast.AST)
def equal_trees(one: Any, other: Any) -> bool:
    return ast.dump(one) == ast.dump(other)


@equal.register(ChainMap)
def equal_chains(one: Any, other: Any) -> bool:
    return same(one.maps, other.maps)


@equal.register(decimal.Decimal)
@equal.register(type(pd.NaT))
@equal.register(type(pd.NA))
def equal_representations(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


@equal.register(complex)
def equal_complex(one: complex, other: complex) -> bool:
    return same([one.real, one.imag], [other.real, other.imag])


@equal.register(pd.Index)
def equal_indexes(one: Any, other: Any) -> bool:
    pd.testing.assert_index_equal(one, other, exact=True)
    return True


@equal.register(pd.api.extensions.ExtensionArray)
def equal_extensions(one: Any, other: Any) -> bool:
    pd.testing.assert_extension_array_equal(one, other)
    return True


@equal.register(BaseModel)
def equal_models(one: BaseModel, other: BaseModel) -> bool:
    parts = ("__dict__", "__pydantic_private__", "__pydantic_extra__", "__pydantic_fields_set__")
    return all(same(getattr(one, part), getattr(other, part)) for part in parts)


@equal.register(pd.DataFrame)
def equal_frames(one: Any, other: Any) -> bool:
    pd.testing.assert_frame_equal(one, other)
    return True


@equal.register(pd.Series)
def equal_series(one: Any, other: Any) -> bool:
    pd.testing.assert_series_equal(one, other)
    return True


@equal.register(np.ma.MaskedArray)
def equal_masked_arrays(one: Any, other: Any) -> bool:
    return same(one.filled(-1), other.filled(-1)) and same(one.mask, other.mask)


@equal.register(np.ndarray)
def equal_arrays(one: Any, other: Any) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fM"))


@equal.register(list)
@equal.register(tuple)
@equal.register(deque)
def equal_sequences(one: Any, other: Any) -> bool:
    shared = [[part is later for later in one] for part in one] if len(one) < 5 else []
    if shared != ([[part is later for later in other] for part in other] if shared else []) and not _are_scalars(one):
        return False
    return len(one) == len(other) and all(map(same, one, other)) and _same_attributes(one, other)


def _are_scalars(parts: Any) -> bool:
    return all(part is None or isinstance(part, str | bytes | int | float | complex) for part in parts)


def _same_attributes(one: Any, other: Any) -> bool:
    return not hasattr(one, "__dict__") or same(vars(one), vars(other))


@equal.register(dict)
def equal_dicts(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    alike = same(list(one.keys()), list(other.keys())) and same(list(one.values()), list(other.values()))
    return alike and (type(one) is dict or _same_attributes(one, other))


@equal.register(float)
def equal_floats(one: float, other: float) -> bool:
    if math.isnan(one):
        return math.isnan(other)
    return one == other and math.copysign(1, one) == math.copysign(1, other)


@equal.register(BaseException)
def equal_attributes(one: Any, other: Any) -> bool:
    return same(vars(one), vars(other)) and same(getattr(one, "args", ()), getattr(other, "args", ()))
