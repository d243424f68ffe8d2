"""Metadata takes what a training loop has at hand."""

from __future__ import annotations

import math
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from kitaru._core.records.metadata import NotMetadataError, as_metadata


class Kind(Enum):
    A = (1, 2)


class Number(IntEnum):
    ONE = 1


class Word(StrEnum):
    YES = "yes"


HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (2**70, 2**70),
        (0.5, 0.5),
        ("text", "text"),
        ("a\udcffb", "a\\udcffb"),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.float16(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.int64(3), 3),
        (np.uint8(3), 3),
        (np.bool_(True), True),
        (np.str_("text"), "text"),
        (np.array(2.5), 2.5),
        (np.arange(3), [0, 1, 2]),
        (np.ones((2, 2)), [[1.0, 1.0], [1.0, 1.0]]),
        (np.array([math.nan, 1]), ["NaN", 1.0]),
        (np.datetime64("2026-01-31"), "2026-01-31"),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Index(["a"]), ["a"]),
        (pd.Timestamp("2026-01-31"), "2026-01-31T00:00:00"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (np.float64("nan"), "NaN"),
        (Decimal("0.25"), 0.25),
        (Decimal("NaN"), "NaN"),
        (Fraction(1, 4), 0.25),
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({"loss": math.nan, 0: np.int32(1), Number.ONE: 2}, {"loss": "NaN", "0": 1, "1": 2}),
        ({"a": {"b": (np.float32(1),)}}, {"a": {"b": [1.0]}}),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00+00:00"),
        (timedelta(seconds=90), "0:01:30"),
        (Path("a/b"), "a/b"),
        (PurePosixPath("x"), "x"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (Kind.A, [1, 2]),
        (Number.ONE, 1),
        (Word.YES, "yes"),
    ],
)
def test_what_says_a_number_or_a_text_is_recorded_as_that(value: object, plain: object) -> None:
    found = as_metadata(value)
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (threading.Lock(), "lock"),
        (object(), "object"),
        (b"bytes", "bytes"),
        (1j, "complex"),
        ([1, {"a": object()}], "object"),
        (pd.DataFrame({"a": [1]}), "DataFrame"),
        (np.array([object()]), "object"),
        ({(1, 2): 3}, "a key of type tuple"),
        (HOLDS_ITSELF, "holds itself"),
    ],
)
def test_anything_else_is_refused_by_what_it_is(value: object, told: str) -> None:
    with pytest.raises(NotMetadataError, match=told):
        as_metadata(value)
