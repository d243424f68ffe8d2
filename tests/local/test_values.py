"""Every kind of value is the same in the body, in the next checkpoint, after recovery from the store and in the result."""

from __future__ import annotations

KINDS = '''
    """Values of many kinds, and a comparison that also looks at types."""

    import dataclasses, datetime, decimal, enum, math, types, uuid
    from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
    from pathlib import Path
    from typing import Any, NamedTuple

    import numpy as np
    import pandas as pd
    from pydantic import BaseModel, Field, PrivateAttr, SecretStr


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

    Pair = namedtuple("Pair", "left right")

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
        def __init__(self, value): self.value = value

    class Table(pd.DataFrame):
        @property
        def _constructor(self): return Table

    class Text(str): pass

    def user(count=0, **fields):
        made = User(**{"name": "Ada", "address": Address(street="x"), **fields})
        made._count = count
        return made

    def cycle():
        value = [1, 2]
        value.append(value)
        return value

    def cyclic_dict():
        value = {"name": "loop"}
        value["self"] = value
        return value

    def frame():
        return pd.DataFrame(
            {"n": [1, 2], "f": [0.5, float("nan")], "s": ["a", "ü"], "b": [True, False],
             "t": pd.to_datetime(["2024-01-01", "2024-01-02"]), "c": pd.Categorical(["x", "y"])},
            index=pd.Index([10, 20], name="id"),
        )

    VALUES = {
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
        "str": lambda: "Grüße, 世界 🌍 \\x00 {date} {{secret.key}} $HOME %s\\n",
        "surrogate": lambda: "\\udcff",
        "empty str": lambda: "",
        "long str": lambda: "ü" * 100_000,
        "str subclass": lambda: Text("text"),
        "bytes": lambda: b"\\x00\\xff",
        "bytearray": lambda: bytearray(b"abc"),
        "list": lambda: [1, "a", None, [True, 1.0]],
        "empty list": lambda: [],
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
        "datetime": lambda: datetime.datetime(2024, 5, 6, 7, 8, 9, 10, datetime.UTC),
        "naive datetime": lambda: datetime.datetime(2024, 5, 6),
        "date": lambda: datetime.date(2024, 5, 6),
        "delta": lambda: datetime.timedelta(days=1, microseconds=3),
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
        "array, masked": lambda: np.ma.masked_array([1, 2, 3], mask=[0, 1, 0]),
        "numpy scalar": lambda: np.float64(0.1),
        "list of arrays": lambda: [np.zeros(2), np.ones(1)],
        "frame": frame,
        "frame, subclass": lambda: Table({"a": [1]}),
        "frame, column numbers": lambda: pd.DataFrame(np.eye(2)),
        "frame, levels": lambda: frame().set_index(["n", "s"]),
        "frame, empty": lambda: pd.DataFrame(),
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


    def same(a, b):
        """Whether two values are equal all the way down, their types included."""
        if type(a) is not type(b):
            return False
        if isinstance(a, BaseModel):
            parts = ("__dict__", "__pydantic_private__", "__pydantic_extra__", "__pydantic_fields_set__")
            return all(same(getattr(a, part), getattr(b, part)) for part in parts)
        if dataclasses.is_dataclass(a) and not isinstance(a, type):
            return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
        if isinstance(a, pd.DataFrame):
            pd.testing.assert_frame_equal(a, b)
            return True
        if isinstance(a, pd.Series):
            pd.testing.assert_series_equal(a, b)
            return True
        if isinstance(a, np.ma.MaskedArray):
            return same(a.filled(-1), b.filled(-1)) and same(a.mask, b.mask)
        if isinstance(a, np.ndarray):
            return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fM")
        if isinstance(a, (list, tuple, deque)):
            if a and a[-1] is a:
                return b[-1] is b and len(a) == len(b) and same(a[:-1], b[:-1])
            return len(a) == len(b) and all(map(same, a, b))
        if isinstance(a, dict):
            if a.get("self") is a:
                return b["self"] is b and same(a["name"], b["name"])
            return same(list(a.keys()), list(b.keys())) and same(list(a.values()), list(b.values()))
        if isinstance(a, float) and math.isnan(a):
            return math.isnan(b)
        if isinstance(a, float):
            return a == b and math.copysign(1, a) == math.copysign(1, b)
        if isinstance(a, (Plain, BaseException)):
            return same(vars(a), vars(b)) and same(getattr(a, "args", ()), getattr(b, "args", ()))
        return a == b


    def complaint(where, name, value):
        try:
            fine = same(VALUES[name](), value)
        except AssertionError as error:
            fine, value = False, error
        return "" if fine else f"{where}: {name}: {type(value)} {str(value)[:200]!r}\\n"
'''


def test_a_value_is_the_same_in_the_body_the_next_checkpoint_after_recovery_and_in_the_result(project):
    project.write(
        "main.py",
        KINDS
        + """
    from kitaru import checkpoint, flow

    @checkpoint
    def make(name):
        return VALUES[name]()

    @checkpoint
    def look(name, value, argument):
        return complaint("next checkpoint", name, value) + complaint("argument", name, argument)

    def recorded(line):
        with Path("complaints.txt").open("a") as file:
            file.write(line)

    @flow(retries=1)
    def f(fail_first=True):
        first = not Path("first-done").exists()
        where = "body" if first else "after recovery"
        for name in VALUES:
            try:
                value = make(name)
                recorded(complaint(where, name, value))
                recorded(look(name, value, VALUES[name]()))
            except Exception as error:
                recorded(f"{where}: {name}: {type(error).__name__} {str(error)[:300]}\\n")
        Path("first-done").touch()
        if first:
            raise RuntimeError("now from the store")

    if __name__ == "__main__":
        f.run().wait(progress=False)
        print(Path("complaints.txt").read_text())
    """,
    )
    assert project.run("main.py").stdout == "\n"


def test_a_value_is_the_same_as_input_and_result_of_a_flow(project):
    project.write(
        "main.py",
        KINDS
        + """
    from kitaru import checkpoint, flow

    @flow
    def f(values, scalar, number, text, missing=Path("/no/such"), *rest, **more):
        problems = "".join(complaint("input", name, value) for name, value in values.items())
        assert same(scalar, float("nan")) and same(number, float("inf")), (scalar, number)
        assert same(text, VALUES["str"]()), text
        assert same(missing, Path("/no/such")) and same(rest, (Mood.GOOD,)) and same(more, {"k": (1,)})
        return problems, values

    @flow
    def again(value):
        return value

    if __name__ == "__main__":
        values = {name: make() for name, make in VALUES.items()}
        handles = {name: again.run(values[name]) for name in ("nan", "list with nan", "surrogate")}
        problems, values = f.run(
            values, float("nan"), float("inf"), VALUES["str"](), Path("/no/such"), Mood.GOOD, k=(1,)
        ).wait(progress=False)
        problems += "".join(complaint("result", name, value) for name, value in values.items())
        problems += "".join(complaint("again", name, h.wait(progress=False)) for name, h in handles.items())
        print(problems)
    """,
    )
    assert project.run("main.py").stdout == "\n"


def test_what_cannot_be_stored_fails_with_its_type_and_the_remedy(project):
    project.write(
        "main.py",
        """
        import sys, threading
        from dataclasses import dataclass
        from typing import Annotated
        from kitaru import KitaruUsageError, KitaruUserCodeError, checkpoint, flow

        @dataclass
        class Holder:
            lock: object

        def opened(): return open(__file__)
        def generator(): return (i for i in range(3))
        def locked(): return threading.Lock()
        def held(): return Holder(threading.Lock())
        def deep(): return {"a": [threading.Lock()]}
        MAKE = {m.__name__: m for m in (opened, generator, locked, held, deep)}
        TYPES = {"opened": "TextIOWrapper", "generator": "generator", "locked": "lock", "held": "Holder", "deep": "lock"}

        @checkpoint
        def make(kind): return MAKE[kind]()

        @checkpoint
        def two(kind) -> tuple[int, Annotated[object, "second"]]: return 1, MAKE[kind]()

        @checkpoint
        def three() -> tuple[int, int, int]: return 1, 2

        @checkpoint
        def nothing() -> None: return 3

        @checkpoint
        def take(value): return value

        @checkpoint
        def one(): return "one"

        def message(call, *args):
            try:
                call(*args)
            except KitaruUsageError as error:
                return str(error)
            raise AssertionError(f"{call} {args} was accepted")

        @flow
        def f():
            for kind in MAKE:
                text = message(make, kind)
                assert "output of checkpoint 'make" in text and TYPES[kind] in text, text
                assert "Return" in text and "materializers" in text, text
                text = message(take, MAKE[kind]())
                assert "argument of checkpoint 'take" in text and TYPES[kind] in text, text
                assert "Pass" in text, text
                text = message(take, [take.submit(1), MAKE[kind]()])  # beside a future
                assert "argument of checkpoint 'take" in text and TYPES[kind] in text, text
            text = message(two, "locked")
            assert "(2 of 2)" in text and "lock" in text, text
            assert "annotated to return 3 values, but returned tuple of 2" in message(three)
            assert "annotated to return None" in message(nothing)
            return one()

        @flow
        def result(): return {"lock": threading.Lock()}

        @flow
        def taken(value): return one()

        if __name__ == "__main__":
            handles = f.run(), result.run()
            assert handles[0].wait(progress=False) == "one"
            try:
                handles[1].wait(progress=False)
            except KitaruUserCodeError as error:
                assert "flow's result cannot be stored" in str(error) and "lock" in str(error), error
                assert error.failure_origin == "flow", error.failure_origin
            else:
                raise AssertionError("a lock was stored")
            text = message(taken.run, threading.Lock())
            assert "Input 'value' of flow 'taken'" in text and "lock" in text and "Pass" in text, text
            print("all refused")
        """,
    )
    assert project.run("main.py").stdout == "all refused\n"
