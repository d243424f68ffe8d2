"""Differences of values, and the forms in which the difference of two executions is shown."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from kitaru import ExecutionStatus
from kitaru._core.comparing.diffing import MOST_CELLS, MOST_LINES, brief, compare
from kitaru.diffs import CheckpointDiff, ExecutionDiff, ValueDiff, summary_rows
from kitaru.models import ExecutionSummary
from tests.chromium import visit

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass
class Page:
    title: str
    words: int = 0
    links: list[str] = dataclasses.field(default_factory=list)


class Score(BaseModel):
    value: float
    why: str = ""


def lines(one: Any, other: Any) -> list[str]:
    found = compare(one, other)
    return list(found.lines) if found else []


@pytest.mark.parametrize(
    "value",
    [1, "a", None, 1.5, float("nan"), [1, [2]], {"a": {1, 2}}, Page("t"), Score(value=1), (1, "x"), b"x", object],
)
def test_equal_values_have_no_difference(value: Any) -> None:
    import copy

    assert compare(value, copy.deepcopy(value)) is None


def test_text_is_compared_line_by_line() -> None:
    found = compare("one\ntwo\nthree\n", "one\n2\nthree\n")
    assert found is not None
    assert found.kind == "text"
    assert found.lines == ("@@ -1,3 +1,3 @@", " one", "-two", "+2", " three")
    assert lines("a\n", "a") == ["line ends: 'a\\n' → 'a'"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 2, ["1 → 2"]),
        (1, 1.0, ["1 (int) → 1.0 (float)"]),
        (1, True, ["1 (int) → true (bool)"]),
        ({"a": 1, "b": 2}, {"a": 1, "c": 3}, ['["b"]: only in A: 2', '["c"]: only in B: 3']),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ['["a"]["b"][1]: 2 → 3']),
        ([1, 2, 3], [0, 1, 2, 3], ["[0]: only in B: 0"]),
        ([1, 2, 3], [2, 3], ["[0]: only in A: 1"]),
        ({1, 2}, {2, 3}, ["only in A: 1", "only in B: 3"]),
        (Page("a", 1, ["x"]), Page("b", 1, ["y"]), ['.title: "a" → "b"', '.links[0]: "x" → "y"']),
        (Score(value=1), Score(value=2, why="so"), [".value: 1.0 → 2.0", '.why: "" → "so"']),
        (
            {"t": "one\ntwo"},
            {"t": "one\n2"},
            ['["t"]:', "  @@ -1,2 +1,2 @@", "   one", "  -two", "  +2"],
        ),
        (b"a", b"b", ["b'a' → b'b'"]),
    ],
)
def test_parts_are_told_by_their_place(one: Any, other: Any, expected: list[str]) -> None:
    assert lines(one, other) == expected


def test_a_long_difference_is_cut_and_a_value_inside_itself_ends() -> None:
    assert len(lines(list(range(1000)), list(range(1, 2001))[:1000])) == MOST_LINES + 1
    loop: list[Any] = [1]
    loop.append(loop)
    other: list[Any] = [2]
    other.append(other)
    assert "[0]: 1 → 2" in lines(loop, other)
    assert brief("x" * 1000).endswith("…")
    assert lines("y" * 500 + "a", "y" * 500 + "b") == ["-" + "y" * 500 + "a", "+" + "y" * 500 + "b"]
    assert lines("old", "new") == ['"old" → "new"']
    assert lines(["y" * 500 + "a"], ["y" * 500 + "b"])[0].endswith('yyya" → …"yyyyyyyyyyyyyyyyyyyyb"')


def test_a_type_that_cannot_be_compared_is_different() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError("no")

        __hash__ = None  # type: ignore[assignment]

        def __repr__(self) -> str:
            return "odd"

    assert lines(Odd(), Odd()) == ["odd → odd"]


def test_frames_are_compared_by_shape_columns_types_and_first_cells() -> None:
    pandas = pytest.importorskip("pandas")
    one = pandas.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"], "gone": [0, 0, 0]})
    other = pandas.DataFrame({"x": [1, 5, 3, 4], "y": ["a", "b", "z", "d"], "new": [0, 0, 0, 0]})
    found = compare(one, other)
    assert found is not None
    assert found.kind == "table"
    assert found.lines == (
        "shape: 3 x 3 → 4 x 3",
        "column 'gone': only in A",
        "column 'new': only in B",
        "row 1, column 'x': 2 → 5",
        'row 2, column \'y\': "c" → "z"',
    )
    assert compare(one, one.copy()) is None
    assert lines(one[["x"]], one[["x"]].astype("float64")) == ["column 'x': int64 → float64"]
    assert (
        compare(pandas.DataFrame({"x": [pandas.NA, pandas.NaT]}), pandas.DataFrame({"x": [pandas.NA, pandas.NaT]}))
        is None
    )
    assert compare(pandas.Series([1.0, None]), pandas.Series([1.0, None])) is None
    many = pandas.DataFrame({"x": range(100)})
    assert lines(many, many + 1)[-1] == "… 100 cells differ in all"
    assert len(lines(many, many + 1)) == MOST_CELLS + 1
    assert lines({"t": many}, {"t": many.head(3)})[0] == '["t"]: shape: 100 x 1 → 3 x 1'


def test_arrays_are_compared_by_shape_type_and_first_cells() -> None:
    numpy = pytest.importorskip("numpy")
    one = numpy.array([[1, 2], [3, 4]])
    other = numpy.array([[1, 2], [3, 5]])
    assert lines(one, other) == ["[1, 1]: 4 → 5"]
    assert compare(one, one.copy()) is None
    assert lines(one, one.astype("float64")) == ["dtype: int64 → float64"]
    assert lines(one, one.ravel()) == ["shape: 2 x 2 → 4"]
    assert compare(numpy.array([float("nan")]), numpy.array([float("nan")])) is None


# -- the difference of two executions ---------------------------------------------------------------------------------


def summary(exec_id: str, status: ExecutionStatus = ExecutionStatus.COMPLETED) -> ExecutionSummary:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    return ExecutionSummary(
        exec_id=exec_id,
        flow_name="f",
        status=status,
        status_reason=None,
        stack_name="default",
        started_at=at,
        ended_at=at,
    )


def checkpoint(name: str, *values: ValueDiff, **changes: Any) -> CheckpointDiff:
    facts = {"status_a": "completed", "status_b": "skipped", "seconds_a": 1.0, "seconds_b": 0.0, "replay": "reused"}
    return CheckpointDiff(name=name, checkpoint=name, values=values, metadata=(), **{**facts, **changes})


EQUAL = ValueDiff(name="fetch", change="equal")
CHANGED = ValueDiff(
    name="rank", change="changed", kind="text", a='"old <b>"', b='"new"', lines=("@@ -1 +1 @@", "-old <b>", "+new")
)


def difference(**changes: Any) -> ExecutionDiff:
    facts = {
        "a": summary("aaaaaaaa-1"),
        "b": summary("bbbbbbbb-2"),
        "inputs": (ValueDiff(name="n", change="changed", kind="data", a="1", b="2", lines=("1 → 2",)),),
        "checkpoints": (
            checkpoint("fetch", EQUAL),
            checkpoint("rank", CHANGED, replay="overridden"),
            checkpoint("gone", ValueDiff(name="gone", change="only_a", a="7"), status_b=None, replay=None),
        ),
        "values": (),
        "metadata": (),
        "result": ValueDiff(name="result", change="equal", a="1", b="1"),
        "failure_a": None,
        "failure_b": None,
        "changed_code": ("fetch",),
    }
    return ExecutionDiff(**{**facts, **changes})


def test_how_a_call_was_answered_is_no_change_and_how_it_ended_is() -> None:
    assert checkpoint("fetch", EQUAL).change == "equal"
    assert checkpoint("fetch", EQUAL, status_b="failed").change == "changed"
    assert checkpoint("fetch", status_a=None).change == "only_b"
    assert checkpoint("fetch", ValueDiff(name="x", change="unknown")).change == "unknown"
    assert difference().changed
    quiet = difference(inputs=(), checkpoints=(checkpoint("fetch", EQUAL),))
    assert not quiet.changed
    assert "Nothing is different" in quiet.to_text()
    assert difference(inputs=(), checkpoints=(), b=summary("b", ExecutionStatus.FAILED)).changed


def test_the_text_shows_what_changed_and_nothing_else() -> None:
    text = difference().to_text()
    assert "n: changed\n    1 → 2" in text
    assert "Checkpoint rank: changed (completed → skipped, 1.0 s → 0 ms, overridden in the replay)" in text
    assert "    -old <b>\n    +new" in text
    assert "Checkpoint gone: only in A" in text
    assert "Checkpoint fetch" not in text
    assert text.endswith("Reused in B though its code has changed: fetch\n\nEqual checkpoints: fetch")


class Tags(HTMLParser):
    """Checks that every tag that is opened is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - HTMLParser names it
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_whole_and_values_in_it_are_text() -> None:
    page = difference().to_html()
    assert "<b>" not in page
    assert "<script" not in page
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "-old <b>" in tags.text
    assert "only in A" in tags.text


@pytest.mark.browser
def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    file = tmp_path / "diff.html"
    file.write_text(difference().to_html(), encoding="utf-8")
    with visit() as seen:
        seen.page.goto(file.as_uri())
        shown = seen.page.content()
    assert (seen.complaints, seen.elsewhere) == ([], [])
    rows = re.findall(r'<tr data-call="(\w+)">.*?<span class="change (\w+)">', shown)
    assert rows == [("fetch", "equal"), ("rank", "changed"), ("gone", "only_a")]
    assert '<span class="gone">-old &lt;b&gt;</span><span class="new">+new</span>' in shown
    assert '<section id="checkpoint-rank">' in shown
    assert '<section id="checkpoint-fetch">' not in shown


def test_many_differences_make_a_table() -> None:
    (row,) = summary_rows([difference()])
    assert row["changed"] == ["rank", "gone"]
    assert row["equal"] == 1
    assert (row["status_a"], row["result"], row["result_b"]) == ("completed", "equal", "1")
