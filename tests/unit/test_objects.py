"""Objects as JSON: equal again, whatever they hold, and read by a release whose classes have changed since."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import pickle
import sys
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from kitaru._core.code import objects
from kitaru._core.identity.equality import same
from kitaru.errors import KitaruBackendError


class Colour(enum.StrEnum):
    RED = "red"


@dataclasses.dataclass
class Sheet:
    words: list[str]
    at: dt.datetime | None = None

    def __post_init__(self) -> None:
        self.vocabulary = {word: number for number, word in enumerate(self.words)}


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    part: Any
    number: int = 1


class Named(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    own: bool | None = Field(None, alias="async")
    part: Any = None
    _seen: list[int] = PrivateAttr(default_factory=list)


class Closed(BaseModel):
    part: int | str = 1


class Own(BaseModel):
    """A model that says itself how it is copied."""

    part: int = 1

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "__dict__": {"part": 5}}


def again(value: Any) -> Any:
    stored = objects.encode(value, pickle.dumps)
    return objects.decode(json.loads(json.dumps(stored, allow_nan=False)), pickle.loads)


def _seen() -> Named:
    named = Named.model_validate({"async": True, "of a newer release": {"part": (1, 2)}})
    named._seen.append(3)
    return named


UTC = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
VALUES: dict[str, Any] = {
    "plain": {"a": [1, 0.5, True, None, "ü"]},
    "keys": {1: "a", (1, 2): {"b"}, "__class__": "c"},
    "a key like ours": [{"__class__": "Sheet", "pickle": "x"}],
    "tuples": ((), (1, [2, (3,)])),
    "others": [b"\xff", float("inf"), "\ud800", Colour.RED, {1, 2}, frozenset("a"), 10**40],
    "times": [UTC, dt.datetime(2026, 1, 31), UTC.astimezone(dt.timezone(dt.timedelta(hours=2)))],  # noqa: DTZ001 - with none
    "a dataclass": Sheet(["a", "b"], UTC),
    "slots": Slotted(Slotted((Colour.RED,)), 2),
    "a model": _seen(),
    "fields by name": Named.model_construct(own=False, part=Sheet([])),
    "a model that no validation would take": Closed.model_construct(part=[Closed()]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back_equal(name):
    assert same(again(VALUES[name]), VALUES[name])


def test_a_model_that_says_how_it_is_copied_is_asked():
    assert again(Own(part=1)).part == 5


def test_what_was_recorded_by_another_release_is_read(monkeypatch):
    stored = objects.encode([Named(part=1), Closed(part=2), Slotted(3)], pickle.dumps)

    class NewNamed(BaseModel):
        model_config = ConfigDict(extra="allow")
        own: int | None = None
        added: list[int] = Field(default_factory=lambda: [1])

    class NewClosed(BaseModel):
        added: int = 4

    @dataclasses.dataclass
    class NewSlotted:
        part: Any
        added: list[int] = dataclasses.field(default_factory=lambda: [5])

    module = sys.modules[__name__]
    for name, kind in (("Named", NewNamed), ("Closed", NewClosed), ("Slotted", NewSlotted)):
        monkeypatch.setattr(module, name, kind)
    named, closed, slotted = objects.decode(stored, pickle.loads)
    assert (named.own, named.added, named.part) == (None, [1], 1)
    assert closed == NewClosed()
    assert slotted == NewSlotted(3)


def test_a_class_that_is_gone_is_named_with_its_package(monkeypatch):
    stored = objects.encode(Closed(), pickle.dumps)
    monkeypatch.delattr(sys.modules[__name__], "Closed")
    with pytest.raises(KitaruBackendError, match=r"has a Closed of \S*test_objects, which .* Install that release"):
        objects.decode(stored, pickle.loads)


def test_classes_are_named_by_the_public_place():
    from kitaru.adapter import Place

    assert objects.encode(Place("4f1d", None, None), pickle.dumps)["__class__"] == "kitaru.adapter:Place"


def test_large_integers_are_not_taken_for_their_neighbours() -> None:
    assert not objects.alike(9007199254740993, 9007199254740992.0)
    assert objects.alike({"part": 0}, {"part": 0.0})
    assert not objects.alike(True, 1)


def test_what_something_else_has_stored_is_refused() -> None:
    with pytest.raises(KitaruBackendError, match="Run the flow anew"):
        objects.decode({"value": "42"}, pickle.loads)
    assert objects.decode(objects.encode({"value": "42"}, pickle.dumps), pickle.loads) == {"value": "42"}
