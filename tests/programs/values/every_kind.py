"""Values of every kind on their way: through checkpoints and recovery, or into a flow and out of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import math
import sys
import uuid
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from pydantic import BaseModel, Field, PrivateAttr, SecretStr
from sameness import equal, equal_attributes, same

from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable

# -- kinds ------------------------------------------------------------------------------------------------------------
# They stand in the program itself, which is another module where the flow runs than where it is started.


class Colour(enum.Enum):
    RED = "red"
    BLUE = (0, 0, 1)


class Mood(enum.StrEnum):
    GOOD = "good"


class Level(enum.IntEnum):
    HIGH = 3


class Place(NamedTuple):
    street: str
    number: int = 0


Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - is a kind of its own


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    names: tuple[str, ...]
    points: tuple[Point, ...] = ()
    kinds: frozenset[str] = frozenset()


@dataclasses.dataclass
class Anything:
    """What its fields hold is not what JSON gives back."""

    value: Any
    note: str = dataclasses.field(default="", compare=False)
    extra: Any = dataclasses.field(default=None, repr=False, compare=False)


class Address(BaseModel):
    street: str = ""
    tags: tuple[str, ...] = ()


class Home(Address):
    floor: int = 0


class User(BaseModel):
    name: str
    address: Address
    others: list[Address] = []
    key: SecretStr = SecretStr("")
    data: Any = None
    hidden: int = Field(default=0, exclude=True)
    _count: int = PrivateAttr(default=0)


class Plain:
    def __init__(self, value: object) -> None:
        self.value = value


equal.register(Plain)(equal_attributes)


class Table(pd.DataFrame):  # type: ignore[misc]  # pandas has no types
    @property
    def _constructor(self) -> type[Table]:
        return Table


class Text(str):  # noqa: SLOT000 - as people write it
    pass


def user(count: int = 0, **fields: Any) -> User:
    made = User(**{"name": "Ada", "address": Address(street="x"), **fields})
    made._count = count
    return made


def cycle() -> list[Any]:
    value: list[Any] = [1, 2]
    value.append(value)
    return value


def cyclic_dict() -> dict[str, Any]:
    value: dict[str, Any] = {"name": "loop"}
    value["self"] = value
    return value


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "n": [1, 2],
            "f": [0.5, float("nan")],
            "s": ["a", "ü"],
            "b": [True, False],
            "t": pd.to_datetime(["2024-01-01", "2024-01-02"]),
            "c": pd.Categorical(["x", "y"]),
        },
        index=pd.Index([10, 20], name="id"),
    )


# -- values -----------------------------------------------------------------------------------------------------------

VALUES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "true": lambda: True,
    "int": lambda: 70000,
    "big int": lambda: 2**200,
    "negative": lambda: -5,
    "float": lambda: 0.1,
    "minus zero": lambda: -0.0,
    "nan": lambda: float("nan"),
    "inf": lambda: float("-inf"),
    "list with nan": lambda: [1.5, float("nan"), {"x": float("inf")}],
    "complex": lambda: 1 + 2j,
    "str": lambda: "Grüße, 世界 🌍 \x00 {date} {{secret.key}} $HOME %s\n",
    "surrogate": lambda: "\udcff",
    "empty str": lambda: "",
    "long str": lambda: "ü" * 100_000,
    "str subclass": lambda: Text("text"),
    "bytes": lambda: b"\x00\xff",
    "bytearray": lambda: bytearray(b"abc"),
    "list": lambda: [1, "a", None, [True, 1.0]],
    "empty list": list,
    "long list": lambda: list(range(5000)),
    "tuple": lambda: (1, "a"),
    "tuple in list": lambda: [(1, 2), (3,)],
    "list in tuple": lambda: ([1], {"a": (1,)}),
    "set": lambda: {1, 2, 3},
    "set of tuples": lambda: {(1, 2), ("a", frozenset({"b"}))},
    "frozenset": lambda: frozenset({"a", "b"}),
    "nested": lambda: {"a": [{"b": ({1, 2}, frozenset({3}))}]},
    "dict": lambda: {"b": 1, "a": {"c": [1]}},
    "dict of ints": lambda: {1: "one", 2: {3: "three"}},
    "dict of tuples": lambda: {(1, 2): None},
    "dict with None": lambda: {None: 1, "x": 2},
    "ordered": lambda: OrderedDict(b=1, a=2),
    "counter": lambda: Counter("abca"),
    "default": lambda: defaultdict(list, a=[1]),
    "deque": lambda: deque([1, 2], maxlen=3),
    "namedtuple": lambda: Place("main", 3),
    "old namedtuple": lambda: Pair(1, [2]),
    "list of namedtuples": lambda: [Place("a"), Place("b")],
    "enum": lambda: Colour.RED,
    "enum of tuple": lambda: Colour.BLUE,
    "str enum": lambda: Mood.GOOD,
    "int enum": lambda: Level.HIGH,
    "enum in dict": lambda: {"mood": Mood.GOOD, "level": [Level.HIGH]},
    "datetime": lambda: dt.datetime(2024, 5, 6, 7, 8, 9, 10, dt.UTC),
    "naive datetime": lambda: dt.datetime(2024, 5, 6),  # noqa: DTZ001 - is a kind of its own
    "date": lambda: dt.date(2024, 5, 6),
    "delta": lambda: dt.timedelta(days=1, microseconds=3),
    "missing path": lambda: Path("/no/such/place"),
    "decimal": lambda: decimal.Decimal("1.10"),
    "uuid": lambda: uuid.UUID(int=7),
    "dataclass": lambda: Point(1),
    "nested dataclass": lambda: Frozen(("a",), (Point(1), Point(2)), frozenset({"k"})),
    "dataclass with tuple": lambda: Anything((1, [2])),
    "dataclass with enum": lambda: Anything(Mood.GOOD),
    "dataclass, uncompared": lambda: Anything(1, "a", (1, 2)),
    "list of dataclasses": lambda: [Point(1), Point(2)],
    "model": lambda: Address(street="main", tags=("a", "b")),
    "nested model": lambda: user(others=[Address(tags=("x",))]),
    "secret": lambda: user(key=SecretStr("s3cret")),
    "private": lambda: user(count=4),
    "model with enum": lambda: user(data=Mood.GOOD),
    "model with ordered": lambda: user(data=OrderedDict(a=1)),
    "model, excluded field": lambda: user(hidden=3),
    "model, subclass in field": lambda: user(address=Home(street="x", floor=3)),
    "model, fields set": lambda: Address(street="only this"),
    "models": lambda: {"a": [Address(street="x")]},
    "array": lambda: np.arange(6, dtype=np.int32).reshape(2, 3),
    "array of text": lambda: np.array(["a", "bcd"]),
    "array of dates": lambda: np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"),
    "array, empty": lambda: np.array([], dtype=float),
    "array, no axes": lambda: np.array(3.5),
    "array, fortran": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "array, structured": lambda: np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    "array, masked": lambda: np.ma.masked_array([1, 2, 3], mask=[False, True, False]),
    "numpy scalar": lambda: np.float64(0.1),
    "list of arrays": lambda: [np.zeros(2), np.ones(1)],
    "frame": frame,
    "frame, subclass": lambda: Table({"a": [1]}),
    "frame, column numbers": lambda: pd.DataFrame(np.eye(2)),
    "frame, levels": lambda: frame().set_index(["n", "s"]),
    "frame, empty": pd.DataFrame,
    "frame, objects": lambda: pd.DataFrame({"o": [{"a": 1}, (1, 2)]}),
    "series": lambda: frame()["f"],
    "dict of frames": lambda: {"a": frame()},
    "own class": lambda: Plain([1]),
    "range": lambda: range(3),
    "slice": lambda: slice(1, 2),
    "exception": lambda: ValueError("no", 3),
    "class": lambda: Plain,
    "function": lambda: math.sqrt,
    "cycle": cycle,
    "cyclic dict": cyclic_dict,
    "50 MB": lambda: b"0123456789" * 5_000_000,
}


def complaint(where: str, name: str, value: object) -> str:
    """Return a line about a value that is not what it was made as; nothing about one that is."""
    try:
        fine = same(VALUES[name](), value)
    except AssertionError as error:
        fine, value = False, error
    return "" if fine else f"{where}: {name}: {type(value)} {str(value)[:200]!r}\n"


# -- through checkpoints ----------------------------------------------------------------------------------------------

COMPLAINTS, FIRST_DONE = Path("complaints.txt"), Path("first-done")


@checkpoint
def make(name: str) -> Any:
    return VALUES[name]()


@checkpoint
def look(name: str, value: object, argument: object) -> str:
    return complaint("next checkpoint", name, value) + complaint("argument", name, argument)


def record(line: str) -> None:
    with COMPLAINTS.open("a", encoding="utf-8") as file:
        file.write(line)


@flow(retries=1)
def through_checkpoints() -> None:
    first = not FIRST_DONE.exists()
    where = "body" if first else "after recovery"
    for name, fresh in VALUES.items():
        try:
            value = make(name)
            record(complaint(where, name, value))
            record(look(name, value, fresh()))
        except Exception as error:  # noqa: BLE001 - is reported, and the other values go on
            record(f"{where}: {name}: {type(error).__name__} {str(error)[:300]}\n")
    FIRST_DONE.touch()
    if first:
        raise RuntimeError("now from the store")


def send_through_checkpoints() -> str:
    through_checkpoints.run().wait(progress=False)
    return COMPLAINTS.read_text(encoding="utf-8")


# -- through flows ----------------------------------------------------------------------------------------------------


@flow
def through_a_flow(
    values: dict[str, Any],
    scalar: float,
    number: float,
    text: str,
    missing: Path = Path("/no/such"),
    *rest: Mood,
    **more: tuple[int, ...],
) -> tuple[str, dict[str, Any]]:
    problems = "".join(complaint("input", name, value) for name, value in values.items())
    assert same(scalar, float("nan")), scalar
    assert same(number, float("inf")), number
    assert same(text, VALUES["str"]()), text
    assert same(missing, Path("/no/such")), missing
    assert same(rest, (Mood.GOOD,)), rest
    assert same(more, {"k": (1,)}), more
    return problems, values


@flow
def again(value: Any) -> Any:
    return value


def send_through_flows() -> str:
    values = {name: fresh() for name, fresh in VALUES.items()}
    handles = {name: again.run(values[name]) for name in ("nan", "list with nan", "surrogate")}
    problems, values = through_a_flow.run(
        values, float("nan"), float("inf"), VALUES["str"](), Path("/no/such"), Mood.GOOD, k=(1,)
    ).wait(progress=False)
    problems += "".join(complaint("result", name, value) for name, value in values.items())
    problems += "".join(complaint("again", name, handle.wait(progress=False)) for name, handle in handles.items())
    return problems


WAYS = {"checkpoints": send_through_checkpoints, "flows": send_through_flows}

if __name__ == "__main__":
    print(WAYS[sys.argv[1]]())
