"""The digest of a value depends on what it holds, and on nothing else."""

from __future__ import annotations

import copy
import copyreg
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import itertools
import json
import math
import pathlib
import pickle
import re
import subprocess
import sys
import threading
import types
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial
from types import SimpleNamespace
from typing import Any, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitaru._core.identity.digests import Undigestible, digest

Item = TypeVar("Item")
DAY = dt.datetime(2024, 1, 1)  # noqa: DTZ001 - without a zone is what it is for
BERLIN = ZoneInfo("Europe/Berlin")


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Word(enum.StrEnum):
    HI = "hi"


class Level(enum.IntEnum):
    ONE = 1


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: int


class MyDict(dict):
    pass


class MyList(list):
    pass


class MyStr(str):
    __slots__ = ()


class MySet(set):
    pass


class Vector(np.ndarray):
    pass


@dataclasses.dataclass
class Job:
    name: str
    tags: set[str] = dataclasses.field(default_factory=set)

    @functools.cached_property
    def loud(self) -> str:
        return self.name.upper()


@dataclasses.dataclass(frozen=True, slots=True)
class Slim:
    a: int
    b: Any


@attrs.define
class Attr:
    a: int
    b: list[int]


class Model(pydantic.BaseModel, extra="allow"):
    name: str
    tags: frozenset[str] = frozenset()
    _secret: int = pydantic.PrivateAttr(default=1)

    @functools.cached_property
    def loud(self) -> str:
        return self.name.upper()


class Page(pydantic.BaseModel, Generic[Item]):
    items: list[Item]


class Stateful:
    """Whose state is another than what it holds."""

    def __init__(self, a):
        self.a, self.lock = a, threading.Lock()

    def __getstate__(self):
        return {"a": self.a}

    def __setstate__(self, state):
        self.__init__(state["a"])


class Node:
    def __init__(self, name, links=()):
        self.name, self.links = name, list(links)

    def method(self):
        return self.name


class Slotted:
    __slots__ = ("__dict__", "a")


class Failing:
    def __reduce_ex__(self, protocol):
        raise RuntimeError("no way")


class Registered:
    def __init__(self, a):
        self.a = a


class Sentinel:
    def __reduce__(self):
        return "SENTINEL"


SENTINEL = Sentinel()
nameless = lambda: 1  # noqa: E731 - a lambda that a module holds is one still


def function():
    pass


def ones():
    yield 1


def linked(first="a", second="b"):
    one, other = Node(first), Node(second)
    one.links, other.links = [other], [one]
    return [one, other]


# What differs from everything else here.
DIFFERENT = [
    *(None, True, False, 0, 1, -1, 2**40, 10**50, 0.0, -0.0, 1.0, 1.5, math.inf, math.nan, 1j, complex(math.nan, 0)),
    *("", "1", "a", "\ud800", "None", "\0", b"", b"1", b"a", bytearray(b"a"), bytearray(), ["a", "b"], ["ab"]),
    *([], (), {}, set(), frozenset(), [1], (1,), {1}, frozenset({1}), {1: 1}, {"1": 1}, {True: 1}, [1.0], [True]),
    *([None], [[]], [()], ((),), [[1], [2]], [[1, 2]], [[2], [1]], [1, 2], [2, 1], {"a": [1]}, {"a": (1,)}, {"b": [1]}),
    *({None: 1}, {1: 1, "a": 2}, {1: 2, "a": 1}, {(1,): 1}, {"a", 1}, {(1,), (2,)}, frozenset({(1,), (2,)}), {1.0}),
    *({"a"}, {b"a"}, ["a", ["b"]], {"a": 1}, range(3), range(4), slice(1, 2), slice(1, 2, 1), ..., NotImplemented),
    *(int, str, type(None), type(...), list[int], list[str], int | str, len, print, function, ones, Node, Job, Color),
    *(Color.RED, Color.GREEN, Word.HI, "hi", Level.ONE, Mode.READ, Mode.READ | Mode.WRITE, Mode(0), Point(1, 2)),
    *(MyDict(a=1), MyDict(a=2), MyList([1]), MyStr("a"), MySet({1}), MySet({"x", "y"}), OrderedDict(a=1, b=2)),
    *(OrderedDict(b=2, a=1), defaultdict(list, a=1), defaultdict(set, a=1), Counter("ab"), Counter("aa")),
    *(deque([1]), deque([1], 3), Job("a"), Job("b"), Job("a", {"x"}), Slim(1, 2), Slim(2, 1), Slim(1, Slim(1, 2))),
    *(Attr(1, [2]), Attr(1, [3]), Model(name="a"), Model(name="b"), Model(name="a", tags=frozenset())),
    *(Model(name="a", more=1), Page(items=[1]), Page[int](items=[1]), Page[float](items=[1]), Page[int], Page[str]),
    *(Stateful(1), Stateful(2), Node("a"), Node("b"), Node("a").method, "a".upper, "b".upper, Node.method, SENTINEL),
    *(pathlib.PurePosixPath("a"), pathlib.PurePosixPath("b"), pathlib.PureWindowsPath("a")),
    *(dt.date(2024, 1, 1), DAY, DAY.replace(tzinfo=dt.UTC), DAY.replace(tzinfo=BERLIN), dt.time(1), dt.timedelta(1)),
    *(decimal.Decimal(1), decimal.Decimal("1.0"), fractions.Fraction(1), fractions.Fraction(1, 2)),
    *(uuid.UUID(int=1), uuid.UUID(int=2), re.compile("a"), re.compile("a", re.IGNORECASE), SimpleNamespace(a=1)),
    *(ValueError("a"), ValueError("b"), KeyError("a"), partial(int, "1"), partial(int, "1", base=2)),
    # numpy
    *(np.float64(1), np.float32(1), np.int64(1), np.int32(1), np.True_, np.str_("a"), np.bytes_(b"a"), np.array(1)),
    *(np.datetime64("2024"), np.datetime64("2024", "ns"), np.datetime64("NaT"), np.timedelta64(1, "s")),
    *(np.array([1, 2]), np.array([[1, 2]]), np.array([1, 2], "i4"), np.array([1.0, 2.0])),
    *(np.zeros(0), np.zeros((0, 2)), np.array(["a", "b"]), np.array(["a", "b"], object), np.array(["a", None], object)),
    *(np.array(["a"], np.dtypes.StringDType()), np.array(["b"], np.dtypes.StringDType()), np.longdouble(1) / 3),
    *(np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]), np.array([(1, 2.0)], [("a", "i4"), ("c", "f8")])),
    *(np.array([1, 2], "M8[D]"), np.array([1, 2], "M8[s]"), np.array([1, 2], "m8[s]"), np.dtype("f8"), np.dtype("f4")),
    *(np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0]), np.array([1, 2]).view(Vector)),
    *(np.add, np.mean, np.random.RandomState(1), np.random.RandomState(2)),
    *(np.random.default_rng(1), np.random.default_rng(2)),
    # pandas
    *(pd.DataFrame(), pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 3]}), pd.DataFrame({"b": [1, 2]})),
    *(
        pd.DataFrame({"a": [1.0, 2]}),
        pd.DataFrame({"a": [1, 2]}, index=[0, 1]),
        pd.DataFrame({"a": [1, 2]}, index=["x", "y"]),
    ),
    *(
        pd.DataFrame({"a": [1], "b": [2]}),
        pd.DataFrame({"b": [2], "a": [1]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
    ),
    *(
        pd.Series([1, 2]),
        pd.Series([1, 2], name="a"),
        pd.Series([1, 2], dtype="Int64"),
        pd.Series([1, None], dtype="Int64"),
    ),
    *(pd.Series(["a", "b"]), pd.Series(["a", "b"], dtype=object), pd.Series(["a", "b"], dtype="string")),
    *(pd.Series(["a", None], dtype="string"), pd.Series(["a", "b"], dtype="category"), pd.array([True, None])),
    *(
        pd.Series(["a"], dtype=pd.CategoricalDtype(["a", "b"])),
        pd.Categorical(["a"]),
        pd.Categorical(["a"], ordered=True),
    ),
    *(pd.RangeIndex(2), pd.RangeIndex(3), pd.RangeIndex(2, name="a"), pd.Index([0, 1]), pd.Index([0, 1], dtype="i4")),
    *(pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]), pd.MultiIndex.from_tuples([(1, "a"), (2, "c")])),
    *(pd.MultiIndex.from_tuples(rows, names=[1, None]) for rows in ([(1, 2)], [(1, 3)], [(2, 2)])),
    *(pd.DatetimeIndex(["2024-01-01"]), pd.DatetimeIndex(["2024-01-01"], tz="UTC")),
    *(pd.DatetimeIndex(["2024-01-02"], tz="UTC"), pd.DatetimeIndex(["2024-01-01"], tz="Europe/Berlin")),
    *(pd.Series(pd.DatetimeIndex(["2024-01-01"], tz="UTC")), pd.date_range("2024-01-01", periods=2, freq="D")),
    *(pd.period_range("2024-01", periods=2, freq="M"), pd.interval_range(0, 2), pd.timedelta_range("1D", periods=2)),
    *(
        pd.CategoricalIndex(["a"]),
        pd.array([1, 2]),
        pd.arrays.SparseArray([0, 1]),
        pd.array([1.5, None], dtype="Float64"),
    ),
    *(
        pd.Timestamp("2024"),
        pd.Timestamp("2024", tz="UTC"),
        pd.Timedelta("1D"),
        pd.Period("2024-01"),
        pd.Interval(0, 1),
    ),
    *(pd.NA, pd.NaT, pd.Float64Dtype()),
]


def test_a_digest_is_24_hexadecimal_characters():
    assert re.fullmatch("[0-9a-f]{24}", digest({"a": [1]}))


def test_values_that_differ_in_anything_differ_in_their_digests():
    seen = defaultdict(list)
    for value in DIFFERENT:
        seen[digest(value)].append(value)
    assert [values for values in seen.values() if len(values) > 1] == []


@pytest.mark.parametrize("value", DIFFERENT, ids=[f"{type(value).__name__}-{n}" for n, value in enumerate(DIFFERENT)])
def test_a_copy_and_an_unpickled_value_have_the_digest_of_the_original(value):
    assert digest(copy.deepcopy(value)) == digest(value)
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)
    assert digest([pickle.loads(pickle.dumps(value, 2)), value]) == digest([value, value])


# Plain values, with the floats that JSON has not left out.
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
KEYS = st.text() | st.integers() | st.none() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    SCALARS
    | st.sets(KEYS)
    | st.frozensets(st.text())
    | st.builds(Slim, st.integers(), st.text())
    | st.builds(Job, st.text()),
    lambda values: st.lists(values) | st.lists(values).map(tuple) | st.dictionaries(KEYS, values),
    max_leaves=20,
)


class Leaf:
    """What takes a leaf's place."""


def with_other_leaf(value, steps):
    """Replace the leaf that the steps lead to."""
    if isinstance(value, list | tuple) and value:
        place = next(steps) % len(value)
        return type(value)([*value[:place], with_other_leaf(value[place], steps), *value[place + 1 :]])
    if isinstance(value, dict) and value:
        key = list(value)[next(steps) % len(value)]
        return {**value, key: with_other_leaf(value[key], steps)}
    return Leaf()


def shuffled(value):
    """Build every dict and set in the opposite order."""
    if isinstance(value, list | tuple):
        return type(value)([shuffled(item) for item in value])
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return type(value)(reversed(list(value))) if isinstance(value, set | frozenset) else value


@settings(max_examples=80, derandomize=True, deadline=None)
@given(VALUES)
def test_equal_values_have_one_digest_however_they_were_built(value):
    expected = digest(value)
    assert digest(copy.deepcopy(value)) == expected
    assert digest(pickle.loads(pickle.dumps(value))) == expected
    assert digest(shuffled(value)) == expected


@settings(max_examples=80, derandomize=True, deadline=None)
@given(VALUES, st.lists(st.integers(0, 100), min_size=1))
def test_another_leaf_gives_another_digest(value, steps):
    assert digest(with_other_leaf(value, itertools.cycle(steps))) != digest(value)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(VALUES, VALUES)
def test_two_values_share_a_digest_only_if_they_are_equal(one, other):
    if digest(one) == digest(other):
        assert one == other


SCRIPT = """
import datetime, enum, functools, pathlib, pickle, sys, uuid
from dataclasses import dataclass, field
import pydantic
sys.path.insert(0, {root!r})
from kitaru._core.identity.digests import digest

class Kind(enum.Enum):
    ONE = 1

@dataclass
class Job:
    name: str
    tags: set = field(default_factory=set)

class Model(pydantic.BaseModel):
    name: str
    reason: str = ""
    tags: frozenset[str] = frozenset()

def function():
    pass

def value():
    text = "".join(["some ", "text"])
    return {{
        "sets": [{{"x", "y", "z"}}, frozenset({{"a", 1, None}}), {{Kind.ONE, ("a", 1.5), b"b"}}],
        "texts": [text, "some text", sys.intern("some text")],
        "plain": {{1: "a", None: [1.5, 2, None, True, "x"], (1, 2): {{}}}},
        "objects": [Job("a", {{"p", "q"}}), Model(name="a", reason="b", tags=frozenset({{"t", "u"}})), Model(name="b")],
        "code": [Job, function, functools.partial(function, 1), Kind.ONE, datetime.datetime(2024, 1, 1), uuid.UUID(int=5)],
        "path": pathlib.PurePosixPath("a/b"),
    }}

def digests():
    return digest(value()), digest(pickle.loads(pickle.dumps(value())))

if __name__ == "__main__":
    print(*digests())
"""


def run(*command, seed):
    env = {"PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, *command], env=env, check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_every_process_gets_the_same_digest_be_the_script_run_or_imported(tmp_path):
    script = tmp_path / "some_script.py"
    script.write_text(SCRIPT.format(root=str(pathlib.Path(__file__).parents[2])))
    imported = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import some_script; print(*some_script.digests())"
    seen = {
        *run(script, seed="1"),
        *run(script, seed="2"),
        *run("-c", imported, seed="3"),
        *run("-c", imported, seed="4"),
    }
    assert len(seen) == 1, seen


def test_a_value_that_json_loads_has_the_digest_of_the_one_it_was_written_from():
    value = {"b": [1, 2.5, None, True, "ä"], "a": {"nan": math.nan, "list": [[], {}, [1e300, -0.0]]}}
    assert digest(json.loads(json.dumps(value))) == digest(value)


def test_every_nan_is_the_same():
    minus = math.inf - math.inf
    values = [math.nan, -math.nan, minus, float("nan")]
    assert len({digest(value) for value in values}) == 1
    assert len({digest([value, 1.5]) for value in values}) == 1
    assert len({digest([value, 1, "a"]) for value in values}) == 1
    assert len({digest({"a": value}) for value in values}) == 1
    assert len({digest(complex(value, 1)) for value in values}) == 1


def test_infinities_whose_sum_is_no_number_stay_what_they_are():
    assert digest([math.inf, -math.inf]) != digest([math.nan, -math.inf])
    assert digest([math.inf, -math.inf]) == digest([math.inf, -math.inf])


def test_a_text_counts_whether_or_not_it_is_one_object():
    text, parts = "some text that is long", ["some text ", "that is long"]
    assert digest([text, text]) == digest([text, "".join(parts)]) == digest([sys.intern(text), "".join(parts)])
    assert digest({text: text}) == digest({"".join(parts): text})


def test_shared_parts_count_as_equal_copies_do():
    shared = [1, {"a": [2]}]
    job = Job("a", {"x"})
    assert digest([shared, shared]) == digest([shared, copy.deepcopy(shared)])
    assert digest({"a": job, "b": [job]}) == digest({"a": job, "b": [copy.deepcopy(job)]})


def test_orders_of_dicts_and_sets_do_not_count():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({1: 1, "a": [2], None: 3}) == digest({None: 3, "a": [2], 1: 1})
    assert digest(MyDict(a=1, b=2)) == digest(MyDict(b=2, a=1))
    assert digest(Counter(a=1, b=2)) == digest(Counter(b=2, a=1))
    assert digest({8, 0}) == digest({0, 8})
    assert digest(MySet([8, 0])) == digest(MySet([0, 8]))
    one, other = Node("a"), Node("a")
    other.__dict__ = {"links": [], "name": "a"}
    assert digest(one) == digest(other)


def test_pydantic_models_count_extras_private_attributes_and_the_fields_that_were_set():
    one, other = Model(name="a", more=1), Model(name="a", more=1)
    assert digest(one) == digest(other)
    other._secret = 2
    assert digest(one) != digest(other)
    assert digest(Model(name="a")) != digest(Model(name="a", tags=frozenset()))


def test_a_cached_property_does_not_count_whether_it_was_read_or_not():
    for one, other in ((Job("a"), Job("a")), (Model(name="a"), Model(name="a"))):
        assert one.loud == "A"
        assert digest(one) == digest(other)


def test_an_empty_dict_of_an_object_does_not_count():
    one, other = ValueError("a"), ValueError("a")
    assert vars(one) == {}
    assert digest(one) == digest(other)


def test_generic_models_count_by_their_parameters_wherever_they_were_made():
    def made_here():
        return Page[dict[str, int]](items=[{"a": 1}])

    assert digest(made_here()) == digest(Page[dict[str, int]](items=[{"a": 1}]))


def test_a_uuid_counts_by_its_number():
    one = uuid.uuid1()
    assert digest(one) == digest(uuid.UUID(str(one)))


def test_slots_and_a_dict_both_count():
    one, other = Slotted(), Slotted()
    one.a, one.b = 1, 2
    other.a, other.b = 1, 3
    assert digest(one) != digest(other)
    other.b = 2
    assert digest(one) == digest(other)


def test_what_copyreg_was_given_counts(monkeypatch):
    monkeypatch.setitem(copyreg.dispatch_table, Registered, lambda value: (Registered, (value.a // 10,)))
    assert digest(Registered(10)) == digest(Registered(11)) != digest(Registered(20))


# Cycles.


def test_a_container_that_holds_itself_has_a_digest():
    one: list[Any] = [1]
    one.append(one)
    two: dict[str, Any] = {"a": 1}
    two["self"] = two
    assert len({digest(one), digest(two), digest([1, [1]]), digest([1, one]), digest([[1]])}) == 5
    assert digest(copy.deepcopy(one)) == digest(one)
    assert digest(pickle.loads(pickle.dumps(two))) == digest(two)


def test_objects_that_refer_to_one_another_have_a_digest():
    assert digest(linked()) == digest(linked()) == digest(pickle.loads(pickle.dumps(linked())))
    assert digest(linked()) != digest(linked("a", "c"))
    assert digest(linked()) != digest(linked("b", "a"))
    assert digest(linked()[0]) != digest(linked()[1])


def test_a_cycle_is_the_same_wherever_it_is_in_a_value():
    loop: list[Any] = []
    loop.append(loop)
    other = copy.deepcopy(loop)
    assert digest([[loop], loop]) == digest([[loop], other]) == digest([[other], loop])


def test_a_reference_to_another_place_on_a_cycle_counts():
    x: list[Any] = []
    y: list[Any] = [x]
    x.append(y)
    top: list[Any] = []
    top.extend([x, [top]])
    assert digest([x, y]) != digest(top)
    outer: list[Any] = [0]
    outer.append([outer])
    inner: list[Any] = [0]
    inner.append([inner[1:]])
    assert digest(outer) != digest(inner)


def test_a_cycle_is_the_same_whatever_the_order_of_a_dict():
    one, other = linked()
    assert digest({"a": one, "b": other}) == digest({"b": other, "a": one})


def test_many_objects_that_all_refer_to_one_another_are_walked_once():
    nodes = [Node(str(number)) for number in range(60)]
    for node in nodes:
        node.links = nodes
    assert digest(nodes) == digest(copy.deepcopy(nodes))


def test_a_set_of_objects_that_refer_to_one_another_has_no_digest():
    with pytest.raises(Undigestible, match="leads back to itself"):
        digest(set(linked()))


def test_shared_parts_are_walked_once():
    value: Any = [object()]
    for _ in range(60):
        value = [value, {"a": value}]
    assert digest(value)


def test_a_deeply_nested_value_has_a_digest():
    def nested(leaf):
        for _ in range(5000):
            leaf = [leaf]
        return leaf

    assert digest(nested([1])) == digest(nested([1])) != digest(nested([2]))


# Numpy.


def test_arrays_count_by_content_and_not_by_their_place_in_memory():
    array = np.arange(12.0).reshape(3, 4)
    same = [np.asfortranarray(array), array.T.copy().T, np.arange(24.0).reshape(3, 8)[:, ::2] / 2, array[:, :]]
    assert {digest(other) for other in same} == {digest(array)}
    assert digest(array.T) != digest(array)
    assert digest(np.asfortranarray(array.astype(object))) == digest(array.astype(object))
    assert digest(np.asfortranarray(array).view(Vector)) == digest(array.view(Vector))


def test_the_bytes_between_fields_do_not_count():
    dtype = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    arrays = [np.frombuffer(bytes([filler]) * dtype.itemsize * 2, dtype).copy() for filler in (1, 2)]
    for array in arrays:
        array["a"], array["b"] = 1, 2.0
    assert digest(arrays[0]) == digest(arrays[1])
    assert digest(arrays[0][0]) == digest(arrays[1][0])


def test_masked_arrays_count_their_mask_and_not_whether_they_were_shown():
    one, other = (np.ma.array(np.arange(6).reshape(2, 3), mask=[[0, 0, 1], [0, 0, 0]]) for _ in range(2))
    assert repr(one)
    assert digest(one) == digest(other)
    assert digest(np.ma.array(np.asfortranarray(one.data), mask=one.mask)) == digest(one)
    assert digest(np.ma.array(one.data)) != digest(one)


def test_the_order_of_bytes_does_not_count_as_pickle_changes_it():
    assert digest(np.array([1, 2], ">i8")) == digest(np.array([1, 2], "<i8")) != digest(np.array([1, 2], ">i4"))


def test_a_platform_name_of_an_integer_does_not_count():
    assert digest(np.array([1], np.longlong)) == digest(np.array([1], np.int64))
    assert digest(np.longlong(1)) == digest(pickle.loads(pickle.dumps(np.longlong(1))))


def test_an_object_array_that_holds_itself_has_a_digest():
    array = np.array([1, None], object)
    array[1] = array
    assert digest(array) == digest(pickle.loads(pickle.dumps(array)))


# Pandas.


def frame():
    return pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": ["x", "y"], "d": [1.5, math.nan]}, index=["i", "j"])


def test_frames_count_by_content_and_not_by_their_blocks():
    whole = frame()
    by_column = pd.DataFrame(index=["i", "j"])
    for name in whole:
        by_column[name] = whole[name].tolist()
    wider = pd.concat([frame().assign(e=1), frame().assign(e=2)])
    same = [
        by_column,
        whole.copy(),
        whole[:],
        wider.iloc[:2, :4],
        pickle.loads(pickle.dumps(by_column)),
        whole.T.T.infer_objects(),
    ]
    assert {digest(other) for other in [*same[:5], frame()]} == {digest(whole)}
    assert digest(whole[["b", "a", "c", "d"]]) != digest(whole)


def test_attributes_and_flags_of_frames_count():
    one, other = frame(), frame()
    one.attrs["unit"] = "m"
    assert digest(one) != digest(other)
    assert digest(other.set_flags(allows_duplicate_labels=False)) != digest(other)


def test_levels_that_no_row_of_a_multi_index_has_do_not_count():
    index = pd.MultiIndex.from_product([[1, 2, 3], ["a", "b"]], names=["n", "l"])
    assert digest(index[:2]) == digest(pd.MultiIndex.from_product([[1], ["a", "b"]], names=["n", "l"]))


def test_what_lies_behind_a_mask_does_not_count():
    mask = np.array([False, True])
    one, other = (pd.arrays.IntegerArray(np.array([1, hidden]), mask) for hidden in (2, 3))
    assert digest(one) == digest(other) != digest(pd.array([1, 2]))


def test_columns_of_one_name_both_count():
    one, other = (pd.DataFrame([[1, second]], columns=["a", "a"]) for second in (2, 3))
    assert digest(one) != digest(other)


# Tokens.


def test_a_token_stands_for_a_part_and_for_nothing_else():
    lock = threading.Lock()

    def token(part):
        return "the lock" if part is lock else None

    assert digest([lock, 1], token) == digest([lock, 1], token)
    assert digest(lock, token) == digest(lock, lambda _: "the lock")
    plain = [digest(other) for other in (["the lock", 1], [b"the lock", 1], [("token", "the lock"), 1])]
    assert digest([lock, 1], token) not in plain
    assert digest([1, lock], token) != digest([lock, 1], token)


def test_a_token_is_asked_for_the_whole_before_its_parts_and_for_no_scalar():
    inner, parts = [1, None, 2.5, "a", b"b", True, 1j], []
    job = Job("a")
    value = {"a": inner, "b": {"c": inner}, "d": job, "e": 5}
    digest(value, parts.append)
    assert [part for part in parts if part in (value, inner, job)] == [value, inner, job]
    assert not {type(part) for part in parts} & {type(None), bool, int, float, complex, str, bytes}
    assert parts[0] is value


def test_what_a_token_stands_for_is_not_walked():
    assert digest({"a": [threading.Lock()]}, lambda part: "list" if type(part) is list else None)


def test_an_error_of_a_token_is_the_callers():
    def token(part):
        raise ConnectionError("away")

    with pytest.raises(ConnectionError):
        digest([1], token)


# What has no digest.


@dataclasses.dataclass
class Holder:
    part: Any


def make_local():
    def inner():
        pass

    return inner


def make_local_object():
    class Local:
        pass

    return Local()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: nameless, "function"),
        (make_local, "function"),
        (make_local_object, "Local"),
        (ones, "generator"),
        (threading.Lock, "lock"),
        (lambda: io.open(sys.executable, "rb"), "BufferedReader"),  # noqa: SIM115, UP020
        (lambda: memoryview(b"a"), "memoryview"),
        (lambda: sys, "module"),
        (Failing, "Failing"),
        (lambda: types.FunctionType, "type"),
        (lambda: Holder(threading.Lock()).part.acquire, "lock"),
    ],
)
def test_what_only_this_process_knows_has_no_digest(make, name):
    part = make()
    try:
        with pytest.raises(Undigestible, match=name):
            digest(part)
    finally:
        if isinstance(part, io.BufferedReader):
            part.close()


def test_a_class_that_another_has_taken_the_place_of_has_no_digest(monkeypatch):
    old = Node("a")
    monkeypatch.setattr(sys.modules[__name__], "Node", type("Node", (), {"__module__": __name__}))
    with pytest.raises(Undigestible, match="is another object"):
        digest(old)


def test_a_reduction_that_differs_from_process_to_process_is_no_digest(monkeypatch):
    monkeypatch.setattr(function, "__module__", "torch.storage")
    monkeypatch.setitem(copyreg.dispatch_table, Registered, lambda value: (function, (value.a,)))
    with pytest.raises(Undigestible, match=r"torch\.storage"):
        digest(Registered(1))


def test_the_message_says_what_has_no_digest_and_where_it_is():
    with pytest.raises(Undigestible) as error:
        digest({"steps": [1, Holder({"lock": threading.Lock()})]})
    assert "_thread.lock" in str(error.value)
    assert "['steps'][1].part['lock']" in str(error.value)
    assert "cannot pickle" in str(error.value)


def test_the_message_is_short_however_deep_the_part_is():
    value: Any = threading.Lock()
    for _ in range(1000):
        value = [value]
    with pytest.raises(Undigestible) as error:
        digest(value)
    assert len(str(error.value)) < 400


def test_large_texts_and_bytes_are_told_apart_wherever_they_lie() -> None:
    large = "x" * 100_000
    alike, other, data = "".join(["x"] * 100_000), "x" * 99_999 + "y", b"x" * 100_000
    assert large is not alike
    first = digest(large)
    assert digest(large) == digest(alike) == first
    assert len({first, digest(other), digest(data), digest(large.encode() + b"y")}) == 4
    seen = {}
    for number in range(50):  # objects that come and go, often where another one was
        seen[digest(bytes([number]) * 100_000)] = number
    assert len(seen) == 50
    for number in range(1100):
        digest(number.to_bytes(2, "big") * 50_000)
    assert digest(large) == first
