"""Signatures of user functions: how arguments are bound and recorded, and which outputs an annotation names."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, NamedTuple, Optional, Tuple, get_args  # noqa: UP035 - users write them

import pytest
from pydantic import create_model

from kitaru._core.code.signatures import bind, call, output_annotation, record_names, recorded_signature
from kitaru.errors import KitaruUsageError

Hidden = int


class Both(NamedTuple):
    a: int
    b: str


def full(a, /, b, c=3, *rest, d, e=5, **more):
    return a, b, c, rest, d, e, more


def test_bound_arguments_call_the_function_as_they_were_given() -> None:
    signature = inspect.signature(full)
    values = bind("full", signature, (1, 2, 30, 4, 5), {"d": 6, "x": 7})
    assert values == {"a": 1, "b": 2, "c": 30, "rest": (4, 5), "d": 6, "e": 5, "more": {"x": 7}}
    assert call(full, signature, values) == (1, 2, 30, (4, 5), 6, 5, {"x": 7})
    values = bind("full", signature, (1,), {"b": 2, "d": 6})
    assert call(full, signature, values) == (1, 2, 3, (), 6, 5, {})


@pytest.mark.parametrize(
    ("args", "kwargs", "reason"),
    [
        ((), {}, "missing a required argument: 'a'"),
        ((1, 2), {}, "'d'"),
        ((1, 2), {"d": 1, "b": 2}, "multiple values for argument 'b'"),
    ],
)
def test_arguments_that_do_not_fit_name_function_and_reason(args: Any, kwargs: Any, reason: str) -> None:
    with pytest.raises(KitaruUsageError, match=r"full\(a, /, b") as caught:
        bind("full", inspect.signature(full), args, kwargs)
    assert reason in str(caught.value)


def test_every_parameter_is_recorded_under_a_name_of_its_own_that_zenml_and_pydantic_take() -> None:
    def function(id, after, _, __, _x, x_, kitaru_call, model_config, cls, plain, json, model_name): ...  # noqa: A002, PLR0917

    names = record_names(inspect.signature(function))
    assert list(names) == list(inspect.signature(function).parameters)
    assert names["plain"] == "plain"
    assert names["id"] == "id_"
    assert names["model_name"] == "model_name"
    assert len(set(names.values())) == len(names)
    assert not {"id", "after", "kitaru_call", "model_config", "cls"} & set(names.values())
    create_model("Inputs", **{name: (Any, None) for name in names.values() if name != "json"})

    recorded = recorded_signature(inspect.signature(function), Any, "kitaru_call")
    assert list(recorded.parameters) == [*names.values(), "kitaru_call"]
    assert all(p.annotation is Any and p.default is None for p in recorded.parameters.values())


def outputs(function: Any) -> int | None:
    """How many outputs are recorded; None for a function without any."""
    annotation = output_annotation(function)
    if annotation is None:
        return None
    return len(get_args(annotation)) if getattr(annotation, "__origin__", None) is tuple else 1


def no_annotation(): ...


def nothing() -> None: ...


def pair() -> tuple[int, str]:
    return 1, "a"


def old_pair() -> Tuple[int, Optional[str]]:  # noqa: UP006, UP045 - users write it
    return 1, None


def branches(flag) -> tuple[int, int]:
    for _ in range(1):
        if flag:
            return (1, 2)
    return 3, 4


async def awaited() -> tuple[int, int]:
    return 1, 2


def variable() -> tuple[int, int]:
    def inner():
        return 1, 2

    return inner()


def any_length() -> tuple[int, ...]:
    return 1, 2


def single() -> tuple[int]:
    return (1,)


def named_tuple() -> Both:
    return Both(1, "a")


def unknown() -> tuple[Missing, int]:  # noqa: F821 - as under TYPE_CHECKING
    return 1, 2


@pytest.mark.parametrize(
    ("function", "count"),
    [
        (no_annotation, 1),
        (nothing, None),
        (pair, 2),
        (old_pair, 2),
        (branches, 2),
        (awaited, 2),
        (variable, 1),  # ZenML takes several outputs from tuples that are written out
        (any_length, 1),
        (single, 1),
        (named_tuple, 1),
        (unknown, 1),
    ],
)
def test_the_return_annotation_says_how_many_outputs_there_are(function: Any, count: int | None) -> None:
    assert outputs(function) == count


def test_outputs_keep_their_names_and_lose_their_types() -> None:
    def named() -> tuple[Annotated[Hidden, "count"], Annotated[list[int], "rows", 3], str]:
        return 1, [], ""

    def one() -> Annotated[dict[str, int], "table"]:
        return {}

    assert get_args(output_annotation(named)) == (Annotated[Any, "count"], Annotated[Any, "rows"], Any)
    assert output_annotation(one) == Annotated[Any, "table"]


def test_a_function_without_source_has_one_output() -> None:
    space: dict[str, Any] = {}
    exec("def made() -> tuple[int, int]:\n    return 1, 2", space)
    assert outputs(space["made"]) == 1
