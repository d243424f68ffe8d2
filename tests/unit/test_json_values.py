"""JSON in and out of flows: arguments become what the annotations ask for, results become JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict, Field

from kitaru.errors import KitaruUsageError
from kitaru.json_values import arguments_from_json, result_to_json

if TYPE_CHECKING:
    from decimal import Decimal


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Query(BaseModel):
    model_config = ConfigDict(strict=True)
    text: str
    since: dt.date


class Colour(enum.Enum):
    RED = "red"


class Opaque:
    def __repr__(self) -> str:
        return "<opaque>"


# -- arguments --------------------------------------------------------------------------------------------------------


def test_values_become_what_the_annotations_ask_for() -> None:
    def flow(*, point: Point, query: Query, colour: Colour, path: Path, ids: set[int], plain, count: int = 3): ...

    args, kwargs = arguments_from_json(
        flow,
        {
            "point": {"x": 1},
            "query": {"text": "a", "since": "2026-01-31"},
            "colour": "red",
            "path": "/srv",
            "ids": [1, 1, 2],
            "plain": {"x": 1},
        },
    )
    assert args == ()
    assert kwargs == {
        "point": Point(1),
        "query": Query(text="a", since=dt.date(2026, 1, 31)),
        "colour": Colour.RED,
        "path": Path("/srv"),
        "ids": {1, 2},
        "plain": {"x": 1},
    }


def test_positional_only_parameters_are_passed_by_position() -> None:
    def flow(first: int, second: int = 5, /, *, third: int = 6): ...

    assert arguments_from_json(flow, {"third": 3, "first": 1, "second": 2}) == ((1, 2), {"third": 3})


def test_further_names_go_where_a_flow_takes_any() -> None:
    def flow(name: str, **rest: int): ...

    assert arguments_from_json(flow, {"name": "a", "other": 1}) == ((), {"name": "a", "other": 1})


def test_an_annotation_that_does_not_resolve_or_is_no_type_leaves_the_value() -> None:
    def flow(amount: Decimal, frame: Opaque, note: "not python at all"): ...  # noqa: F722

    values = {"amount": "1.5", "frame": [1], "note": "x"}
    assert arguments_from_json(flow, values) == ((), values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cout": 1, "point": {"x": 1}}, "has 'cout', which the flow does not take. Did you mean 'count'?"),
        ({}, "lacks 'point', 'count'. The parameters are point, count, limit."),
        ({"count": "many", "point": {"x": 1}}, "count: input should be a valid integer"),
        ({"count": 1, "point": {"x": "one"}}, "point.x: input should be a valid integer"),
        ({"count": 1, "point": 3}, "point: input should be"),
        ({"count": 1, "point": {"x": 1}, "limit": 0}, "limit: input should be greater than 0"),
    ],
)
def test_what_does_not_fit_is_named_by_its_parameter(values: dict[str, Any], message: str) -> None:
    def flow(point: Point, count: int, limit: Annotated[int, Field(gt=0)] = 1): ...

    with pytest.raises(KitaruUsageError) as caught:
        arguments_from_json(flow, values)
    assert message in str(caught.value)


def test_a_flow_without_parameters_says_so() -> None:
    with pytest.raises(KitaruUsageError, match="takes no parameters"):
        arguments_from_json(lambda: None, {"x": 1})


# -- results ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("grün", "grün"),
        ({"a": [1, 2.5, True]}, {"a": [1, 2.5, True]}),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        (Point(1, 2), {"x": 1, "y": 2}),
        ([Query(text="a", since=dt.date(2026, 1, 31))], [{"text": "a", "since": "2026-01-31"}]),
        ({"at": dt.datetime(2026, 1, 31, tzinfo=dt.UTC)}, {"at": "2026-01-31T00:00:00Z"}),
        (Colour.RED, "red"),
        (Path("/srv"), "/srv"),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (b"text", "text"),
        ([b"\xff"], ["b'\\xff'"]),
        ([Opaque()], ["<opaque>"]),
        (math.nan, "nan"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
    ],
)
def test_a_result_becomes_json_and_else_its_repr(value: object, expected: object) -> None:
    assert json.loads(result_to_json(value)) == expected


def test_a_result_that_contains_itself_becomes_its_repr() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert json.loads(result_to_json(loop)) == "[[...]]"
