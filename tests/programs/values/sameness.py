"""Whether two values are equal all the way down, their types included."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from pydantic import BaseModel


def same(one: Any, other: Any) -> bool:
    """Whether two values are of one type and equal, and so is everything in them."""
    return type(one) is type(other) and equal(one, other)


@singledispatch
def equal(one: Any, other: Any) -> bool:
    """Whether two values of one type are equal."""
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    return bool(one == other)


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
    if one and one[-1] is one:
        return other[-1] is other and len(one) == len(other) and same(one[:-1], other[:-1])
    return len(one) == len(other) and all(map(same, one, other))


@equal.register(dict)
def equal_dicts(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    if one.get("self") is one:
        return other["self"] is other and same(one["name"], other["name"])
    return same(list(one.keys()), list(other.keys())) and same(list(one.values()), list(other.values()))


@equal.register(float)
def equal_floats(one: float, other: float) -> bool:
    if math.isnan(one):
        return math.isnan(other)
    return one == other and math.copysign(1, one) == math.copysign(1, other)


@equal.register(BaseException)
def equal_attributes(one: Any, other: Any) -> bool:
    return same(vars(one), vars(other)) and same(getattr(one, "args", ()), getattr(other, "args", ()))
