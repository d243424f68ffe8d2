"""Containers of values and futures: taken apart, written down, put together again; and equality with types."""

from __future__ import annotations

import enum
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, PrivateAttr

from kitaru._core.code.structure import Slot, decode, encode, leaves, replace
from kitaru._core.identity.equality import same

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers() | st.none(), inner)
    ),
    max_leaves=20,
)


def take_out_integers(value: Any) -> tuple[Any, list[Any]]:
    taken: list[Any] = []

    def visit(part: Any) -> Any:
        if type(part) is not int:
            return part
        taken.append(part)
        return Slot(len(taken) - 1)

    return replace(value, visit), taken


@given(VALUES)
def test_what_is_taken_out_and_written_down_comes_back_the_same(value: Any) -> None:
    shape, taken = take_out_integers(value)
    assert not any(type(leaf) is int for leaf in leaves(shape))
    assert same(decode(encode(shape), taken), value)


@given(VALUES)
def test_where_nothing_is_replaced_the_very_object_comes_back(value: Any) -> None:
    assert replace(value, lambda part: part) is value


def test_a_container_that_is_replaced_is_not_walked() -> None:
    inner = [1, 2]
    seen: list[Any] = []

    def visit(part: Any) -> Any:
        seen.append(part)
        return "inner" if part is inner else part

    assert replace({"a": inner, "b": (3,)}, visit) == {"a": "inner", "b": (3,)}
    assert 1 not in seen
    assert 3 in seen


def test_subclasses_of_containers_are_leaves() -> None:
    ordered = OrderedDict(a=1)
    assert leaves([ordered, (1,)]) == [ordered, 1]


def test_a_container_that_holds_itself_is_walked_once() -> None:
    value: list[Any] = [1]
    value.append(value)
    assert replace(value, lambda part: part) is value
    assert leaves(value) == [1]
    changed = replace(value, lambda part: 2 if part == 1 else part)
    assert changed[0] == 2
    assert changed[1] is value
    shared = [1]
    assert replace([shared, shared], lambda part: 2 if part == 1 else part) == [[2], [2]]


class Mood(enum.StrEnum):
    GOOD = "good"


@dataclass
class Noted:
    value: Any
    note: str = field(default="", compare=False)


class Model(BaseModel):
    value: Any = None
    _private: int = PrivateAttr(default=0)


def _model(private: int) -> Model:
    model = Model(value=1)
    model._private = private
    return model


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        ("good", Mood.GOOD),
        ([1], (1,)),
        ([Mood.GOOD], ["good"]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: "a"}, {True: "a"}),
        ({1}, {True}),
        ({1}, frozenset({1})),
        (OrderedDict(a=1), {"a": 1}),
        (Noted(Mood.GOOD), Noted("good")),
        (Noted(1, "a"), Noted(1, "b")),
        (Model(value=OrderedDict(a=1)), Model(value={"a": 1})),
        (Model(), Model(value=None)),
        (_model(1), _model(2)),
        ([1], [1, 2]),
    ],
)
def test_equality_sees_types_and_what_equals_leaves_out(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert not same(other, one)
    assert same(one, one)
