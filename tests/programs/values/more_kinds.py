"""Further kinds of values, by the hundred: of Python's library, NumPy, pandas and pydantic, and of one's own classes."""

from __future__ import annotations

import array
import ast
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import ipaddress
import operator
import pathlib
import re
import statistics
import string
import time
import types
import typing
import uuid
import zoneinfo
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pydantic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# -- classes ----------------------------------------------------------------------------------------------------------


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Bits(enum.IntFlag):
    ONE = 1
    TWO = 2


class Planet(enum.Enum):
    EARTH = (5.9, 6.3)

    def __init__(self, mass: float, radius: float) -> None:
        self.mass, self.radius = mass, radius


@dataclasses.dataclass(kw_only=True)
class KeywordOnly:
    a: int
    b: str = "b"


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int
    b: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(order=True, frozen=True)
class Ordered:
    rank: int
    name: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass
class Node:
    name: str
    children: list[Node] = dataclasses.field(default_factory=list)
    parent: Node | None = dataclasses.field(default=None, repr=False, compare=False)


@dataclasses.dataclass
class Doubled:
    a: int
    double: dataclasses.InitVar[bool] = False

    def __post_init__(self, double: bool) -> None:
        self.a *= 2 if double else 1


@dataclasses.dataclass
class Numbered:
    name: str
    number: float = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.number = 0.0


@dataclasses.dataclass
class Fitted:
    words: list[str]

    def __post_init__(self) -> None:
        self.vocabulary: dict[str, int] = {}

    def fit(self) -> Fitted:
        self.vocabulary = {word: i for i, word in enumerate(self.words)}
        return self


@dataclasses.dataclass
class Holding(Generic[T]):
    item: T


class Cat(pydantic.BaseModel):
    kind: Literal["cat"] = "cat"


class Dog(pydantic.BaseModel):
    kind: Literal["dog"] = "dog"
    loud: bool = True


class Zoo(pydantic.BaseModel):
    pets: list[Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]]
    anything: Any = None


class Box(pydantic.BaseModel, Generic[T]):
    item: T


class Numbers(pydantic.RootModel[list[int]]):
    pass


class Aliased(pydantic.BaseModel):
    value: int = pydantic.Field(alias="Value")


class Closed(pydantic.BaseModel, frozen=True):
    x: int = 1


class Strict(pydantic.BaseModel, strict=True):
    day: dt.date = dt.date(2024, 1, 1)
    pair: tuple[int, ...] = (1,)


class Open(pydantic.BaseModel, extra="allow"):
    x: int = 1


class Computed(pydantic.BaseModel):
    x: int = 1

    @pydantic.computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def y(self) -> int:
        return self.x + 1


class Cached(pydantic.BaseModel):
    x: int = 1
    _seen: dict[str, int] = pydantic.PrivateAttr(default_factory=dict)

    @functools.cached_property
    def double(self) -> int:
        return 2 * self.x


class Typed(pydantic.BaseModel):
    tags: set[str] = set()
    by: dict[Rights, int] = {}
    when: dt.datetime | None = None
    path: pathlib.Path = pathlib.Path("a/b")
    amount: decimal.Decimal = decimal.Decimal("1.10")
    raw: bytes = b"\xff"
    age: dt.timedelta = dt.timedelta(seconds=1)
    pattern: re.Pattern[str] = re.compile("a+")
    either: int | str = "1"
    number: float = float("inf")


@pydantic.dataclasses.dataclass
class Checked:
    a: int
    b: tuple[int, ...] = ()


class Plain:
    kind = "plain"

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a: int) -> None:
        self.a = a


class Seen:
    __slots__ = ("__seen",)


@dataclasses.dataclass
class Hiding(Seen):
    a: int

    def hide(self, what: str) -> Hiding:
        object.__setattr__(self, "_Seen__seen", what)
        return self


class Reduced:
    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> tuple[Any, ...]:
        return Reduced, (self.text,)


class WithState:
    def __init__(self, a: int) -> None:
        self.a, self.b = a, a + 1

    def __getstate__(self) -> dict[str, int]:
        return {"a": self.a}

    def __setstate__(self, state: dict[str, int]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # as many do


class Words(list[str]):
    pass


class Labelled(dict[str, int]):
    label = "default"


class Whole(int):
    pass


class Celsius(float):
    pass


class Raw(bytes):
    pass


class Pair(tuple[int, int]):
    __slots__ = ()


class Unique(set[str]):
    pass


class Settings(typing.TypedDict, total=False):
    depth: int


class Record(typing.NamedTuple):
    a: int
    b: tuple[int, ...] = ()


class Refused(Exception):  # noqa: N818 - as people name them
    def __init__(self, code: int, *, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(Refused, detail=self.detail), (self.code,)


class UnpicklableError(ValueError):
    """Its ``args`` are not what it is called with, so that Python cannot make it again."""

    def __init__(self, code: int, *, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


def with_private(**private: Any) -> Cached:
    model = Cached(x=3)
    model._seen.update(private)
    return model


def labelled() -> Labelled:
    value = Labelled(a=1)
    value.label = "changed"
    return value


def family() -> Node:
    root = Node("root")
    root.children = [Node("child", parent=root)]
    return root


def noted(error: Exception) -> Exception:
    error.add_note("a note")
    return error


def deep(levels: int) -> list[Any]:
    return [deep(levels - 1)] if levels else [1]


# -- values -----------------------------------------------------------------------------------------------------------

PYTHON: dict[str, Callable[[], Any]] = {
    "false": lambda: False,
    "zero": lambda: 0,
    "small float": lambda: 5e-324,
    "large float": lambda: 1.7976931348623157e308,
    "negative big int": lambda: -(10**40),
    "int of 64 bits": lambda: 2**63,
    "complex nan": lambda: complex(float("inf"), -0.0),
    "str of lines": lambda: "a\r\nb\tc\\d\"e'f",
    "str of one": lambda: "a",
    "str right to left": lambda: "שלום\u202eabc",
    "str like json": lambda: '{"kitaru_artifact": "x"}',
    "str like number": lambda: "1e5",
    "bytes empty": lambda: b"",
    "bytearray empty": bytearray,
    "fraction": lambda: fractions.Fraction(1, 3),
    "decimal nan": lambda: decimal.Decimal("-0E-7"),
    "time": lambda: dt.time(1, 2, 3, 4, tzinfo=dt.UTC, fold=1),
    "datetime with zone": lambda: dt.datetime(2026, 10, 25, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"), fold=1),
    "datetime with offset": lambda: dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30), "X")),
    "timezone": lambda: dt.timezone(dt.timedelta(hours=-3)),
    "zone": lambda: zoneinfo.ZoneInfo("Asia/Tokyo"),
    "negative delta": lambda: dt.timedelta(microseconds=-1),
    "struct time": lambda: time.struct_time((2024, 1, 2, 3, 4, 5, 1, 2, 0)),
    "ellipsis": lambda: ...,
    "not implemented": lambda: NotImplemented,
    "uuid 1": lambda: uuid.UUID("12345678-1234-1234-8234-123456789abc"),
    "relative path": lambda: pathlib.Path("a/../b.txt"),
    "here": pathlib.Path,
    "this file": lambda: pathlib.Path(__file__),
    "folder": lambda: pathlib.Path(__file__).parent,
    "pure path": lambda: pathlib.PurePosixPath("a/b"),
    "windows path": lambda: pathlib.PureWindowsPath("c:/a"),
    "list of paths": lambda: [pathlib.Path("x"), pathlib.Path(__file__)],
    "address": lambda: ipaddress.ip_address("10.0.0.1"),
    "network": lambda: ipaddress.ip_network("2001:db8::/32"),
    "pattern": lambda: re.compile(r"(?P<a>\d+)", re.IGNORECASE),
    "namespace": lambda: types.SimpleNamespace(a=1, b=[2]),
    "array of floats": lambda: array.array("d", [1.5, -0.0]),
    "array of bytes": lambda: array.array("B", b"abc"),
    "chain map": lambda: collections.ChainMap({"a": 1}, {"b": 2}),
    "user dict": lambda: collections.UserDict(a=1),
    "user list": lambda: collections.UserList([1, (2,)]),
    "user string": lambda: collections.UserString("text"),
    "deque": lambda: collections.deque([1, (2,)]),
    "counter of tuples": lambda: collections.Counter([(1,), (1,), (2,)]),
    "default of dicts": lambda: collections.defaultdict(dict, a={"b": 1}),
    "ordered nested": lambda: collections.OrderedDict(a=collections.OrderedDict(b=1, c=2)),
    "partial": lambda: functools.partial(int, base=2),
    "item getter": lambda: operator.itemgetter(1, "a"),
    "attribute getter": lambda: operator.attrgetter("a.b"),
    "template": lambda: string.Template("$a"),
    "syntax tree": lambda: ast.parse("a + 1", mode="eval"),
    "distribution": lambda: statistics.NormalDist(1, 2),
    "generic alias": lambda: list[int],
    "union": lambda: int | None,
    "typing": lambda: typing.Optional[dict[str, int]],  # noqa: UP045 - is a kind of its own
    "builtin": lambda: len,
    "class of exception": lambda: KeyError,
    "method of class": lambda: dict.fromkeys,
    "exception with cause": lambda: ValueError("a", {"b": (1,)}),
    "exception of keywords": lambda: Refused(5, detail="d"),
    "exception of an __init__": lambda: UnpicklableError(5, detail="d"),
    "exception with note": lambda: noted(KeyError("k")),
    "os error": lambda: FileNotFoundError(2, "No such file", "a.txt"),
    "unicode error": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "why"),
    "exception group": lambda: ExceptionGroup("several", [ValueError(1), TypeError("2")]),
    "nested tuples": lambda: (((),), ([],)),
    "deep list": lambda: deep(80),
    "mixed set": lambda: {1, "a", None, (2,)},
    "set of floats": lambda: {0.1, float("inf")},
    "frozenset of frozensets": lambda: frozenset({frozenset({1}), frozenset()}),
    "dict of bools": lambda: {True: 1, False: 0},
    "dict of floats": lambda: {0.5: "a"},
    "dict of bytes": lambda: {b"a": 1},
    "dict of frozensets": lambda: {frozenset({"a", "b"}): 1},
    "dict of dates": lambda: {dt.date(2024, 1, 1): 1},
    "dict like slot": lambda: {"slot": 0, "value": {"list": []}},
    "dict like artifact": lambda: {"kitaru_artifact": "x", "type": "y"},
    "dict with surrogate": lambda: {"\udcff": "\udcfe"},
    "dict with dots": lambda: {"a.b": {"": 1}},
    "shared part": lambda: [[1]] * 2,
    "large dict": lambda: {f"k{i}": (i,) for i in range(500)},
    "large text in list": lambda: ["x" * 50_000, 1],
}

CLASSES: dict[str, Callable[[], Any]] = {
    "flag": lambda: Rights.READ | Rights.WRITE,
    "no flag": lambda: Rights(0),
    "int flag": lambda: Bits.ONE | Bits.TWO | Bits(8),
    "enum with state": lambda: Planet.EARTH,
    "dict of enums": lambda: {Planet.EARTH: Rights.READ},
    "keywords only": lambda: KeywordOnly(a=1),
    "slotted": lambda: Slotted(1, [2]),
    "ordered dataclass": lambda: Ordered(1, "x"),
    "tree": family,
    "init var": lambda: Doubled(2, True),
    "set later": lambda: Numbered("x"),
    "fitted": lambda: Fitted(["a", "b"]).fit(),
    "generic dataclass": lambda: Holding[int](1),
    "dataclass of anything": lambda: Holding({"a": (1, {2})}),
    "dataclass of array": lambda: Holding(np.arange(3)),
    "checked dataclass": lambda: Checked(a="1", b=[1, 2]),  # type: ignore[arg-type]  # which pydantic converts
    "zoo": lambda: Zoo(pets=[Cat(), Dog(loud=False)], anything=Dog()),
    "generic model": lambda: Box[int](item=1),
    "generic of model": lambda: Box[Dog](item=Dog()),
    "root model": lambda: Numbers([1, 2]),
    "aliased": lambda: Aliased(Value=3),
    "frozen model": lambda: Closed(x=2),
    "strict model": Strict,
    "open model": lambda: Open.model_validate({"x": 2, "more": ("m",)}),
    "computed": lambda: Computed(x=4),
    "private model": lambda: with_private(a=1),
    "typed model": lambda: Typed(tags={"b", "a"}, by={Rights.READ: 1}, when=dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
    "unchecked model": lambda: Closed.model_construct(x="not a number"),
    "plain": lambda: Plain(a=1, b=Plain()),
    "slots": lambda: Slots(1),
    "private slot": lambda: Hiding(1).hide("x"),
    "reduced": lambda: Reduced("text"),
    "with state": lambda: WithState(3),
    "list subclass": lambda: Words(["a"]),
    "dict subclass": labelled,
    "int subclass": lambda: Whole(3),
    "float subclass": lambda: Celsius(36.6),
    "bytes subclass": lambda: Raw(b"x"),
    "tuple subclass": lambda: Pair((1, 2)),
    "set subclass": lambda: Unique({"a"}),
    "typed dict": lambda: Settings(depth=3),
    "record": lambda: Record(1, (2, 3)),
    "records": lambda: {"a": [Record(1)], "b": (Record(2),)},
    "models by key": lambda: {1: Closed(), (2,): [Dog()]},
    "class itself": lambda: Zoo,
    "member function": lambda: Fitted.fit,
}

DTYPES = (
    *("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", ">i4", ">f8"),
    *("S3", "U3", "M8[s]", "M8[ns]", "m8[ms]", "V4", "O"),
)


def numpy_kinds() -> Iterator[tuple[str, Callable[[], Any]]]:
    for dtype in DTYPES:
        yield f"array of {dtype}", functools.partial(lambda kind: np.array([1, 0, 1]).astype(kind), dtype)
        if dtype not in ("V4", "O"):
            yield f"scalar of {dtype}", functools.partial(lambda kind: np.array([1]).astype(kind)[0], dtype)
    for shape in ((0,), (0, 3), (1,), (2, 3), (2, 1, 2), (2, 2, 2, 2)):
        yield f"array of shape {shape}", functools.partial(lambda own: np.arange(np.prod(own)).reshape(own), shape)
    yield "array with nan", lambda: np.array([1.5, np.nan, -np.inf])
    yield "array, strided", lambda: np.arange(10)[::3]
    yield "array, reversed", lambda: np.arange(4)[::-1]
    yield "array, transposed", lambda: np.arange(6).reshape(2, 3).T
    yield "array of arrays", lambda: np.array([[1, "a"], [None, (1,)]], dtype=object)
    yield (
        "array, nested fields",
        lambda: np.array([((1, 2.0), 3)], dtype=[("a", [("x", "i4"), ("y", "f8")]), ("b", "i8")]),
    )
    yield "dtype", lambda: np.dtype("f4")
    yield "dict of scalars", lambda: {"loss": np.float32(0.5), "n": np.int64(3)}
    yield "tuple of arrays", lambda: (np.zeros(2), {"m": np.eye(2)})


PANDAS: dict[str, Callable[[], Any]] = {
    "frame of Int64": lambda: pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
    "frame of boolean": lambda: pd.DataFrame({"a": pd.array([True, None], dtype="boolean")}),
    "frame of string": lambda: pd.DataFrame({"a": pd.array(["x", None], dtype="string")}),
    "frame of Float32": lambda: pd.DataFrame({"a": pd.array([0.5, None], dtype="Float32")}),
    "frame of float32": lambda: pd.DataFrame({"a": np.array([0.1, 0.2], "f4")}),
    "frame of zoned times": lambda: pd.DataFrame({"a": pd.date_range("2024", periods=2, tz="Europe/Oslo")}),
    "frame of periods": lambda: pd.DataFrame({"a": pd.period_range("2024", periods=2, freq="M")}),
    "frame of intervals": lambda: pd.DataFrame({"a": pd.interval_range(0, 2)}),
    "frame of deltas": lambda: pd.DataFrame({"a": pd.to_timedelta([1, 2], "h")}),
    "frame of ordered": lambda: pd.DataFrame({"a": pd.Categorical(["b", "a"], ["b", "a"], ordered=True)}),
    "frame of sparse": lambda: pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}),
    "frame of complex": lambda: pd.DataFrame({"a": [1 + 2j]}),
    "frame of lists": lambda: pd.DataFrame({"a": [[1], [2, 3]]}),
    "frame, no columns": lambda: pd.DataFrame(index=[1, 2]),
    "frame, no rows": lambda: pd.DataFrame({"a": pd.Series([], dtype="i4")}),
    "frame, same names": lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "frame, levels of columns": lambda: pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["x", "y"])
    ),
    "frame, named index": lambda: pd.DataFrame({"a": [1]}).rename_axis("i").rename_axis("c", axis=1),
    "frame, times as index": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2024", periods=2, freq="D")),
    "frame, floats as index": lambda: pd.DataFrame({"a": [1, 2]}, index=[0.5, 1.5]),
    "frame, text as index": lambda: pd.DataFrame({"a": [1, 2]}, index=["x", "y"]),
    "series, named": lambda: pd.Series([1, 2], name="n", index=["a", "b"]),
    "series of objects": lambda: pd.Series([{"a": 1}, None]),
    "series of text": lambda: pd.Series(["a", "ü"]),
    "index": lambda: pd.Index(["a", "b"], name="i"),
    "range index": lambda: pd.RangeIndex(1, 9, 2),
    "times": lambda: pd.date_range("2024", periods=3, freq="h"),
    "levels": lambda: pd.MultiIndex.from_product([[1, 2], ["a"]], names=["n", "s"]),
    "timestamp": lambda: pd.Timestamp("2024-01-01 00:00:00.123456789", tz="UTC"),
    "not a time": lambda: pd.NaT,
    "missing": lambda: pd.NA,
    "interval": lambda: pd.Interval(0, 1, closed="both"),
    "period": lambda: pd.Period("2024-01", freq="M"),
    "timedelta": lambda: pd.Timedelta(1, "ns"),
    "categorical": lambda: pd.Categorical(["a", "b"]),
}

MORE: dict[str, Callable[[], Any]] = {**PYTHON, **CLASSES, **dict(numpy_kinds()), **PANDAS}
# What holds others, for values that must not change in there either.
INSIDE: dict[str, Callable[[Any], Any]] = {
    "list": lambda value: [value, 1],
    "tuple": lambda value: (value,),
    "dict": lambda value: {"key": value},
    "object": lambda value: Plain(held=value),
    "dataclass": Holding,
    "model": lambda value: Zoo(pets=[], anything=value),
}
