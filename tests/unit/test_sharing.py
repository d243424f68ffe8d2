"""Whose a returned value is, told by Python's own counts of references."""

from __future__ import annotations

import collections
import decimal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pydantic
import pytest

from kitaru._core.code.sharing import is_shared

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Fields:
    part: Any


@dataclass(slots=True)
class Slots:
    part: Any


class Model(pydantic.BaseModel):
    part: Any
    _more: Any = pydantic.PrivateAttr(default_factory=dict)


class OwnList(list[Any]):
    pass


def inside_itself(part: Any) -> list[Any]:
    value = [part, (part,)]
    value.append(value)
    return value


HOLDERS: list[Callable[[Any], Any]] = [
    lambda part: part,
    lambda part: [part, part],
    lambda part: {"key": (1, part)},
    lambda part: {frozenset({decimal.Decimal(1)}): part},
    Fields,
    Slots,
    lambda part: Model(part=part),
    lambda part: OwnList([part]),
    lambda part: collections.deque([part]),
    lambda part: collections.ChainMap({"key": part}),
    lambda part: collections.defaultdict(list, key=part),
    ValueError,
    inside_itself,
]


@pytest.mark.parametrize("hold", HOLDERS)
@pytest.mark.parametrize("make", [list, set, lambda: Fields(1), lambda: np.zeros(3), lambda: np.zeros(3)[:2]])
def test_a_value_is_shared_when_something_else_has_it_or_a_part_of_it(
    hold: Callable[[Any], Any], make: Callable[[], Any]
) -> None:
    assert not is_shared([hold(make())])
    kept = make()
    assert is_shared([hold(kept)])


def test_a_view_of_an_array_that_another_has_is_shared() -> None:
    kept = np.zeros(3)
    assert is_shared([kept[:2]])


@pytest.mark.parametrize("value", ["text" * 9, 1.5, (1, "a"), frozenset({1}), decimal.Decimal("1.1"), None, int, Model])
def test_what_nobody_can_change_is_not_shared(value: object) -> None:
    kept = [value]
    assert not is_shared([kept[0]])


class Proxy:
    """Stands for an object that it does not have."""

    __slots__ = ("name",)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return dict

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"there is nothing to take {name} from")


class RefusingError(ValueError):
    @property
    def args(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no arguments")


def test_an_object_that_cannot_be_looked_at_fails_nothing() -> None:
    assert not is_shared([Proxy()])
    kept = Proxy()
    assert is_shared([kept])
    assert is_shared([RefusingError()])
