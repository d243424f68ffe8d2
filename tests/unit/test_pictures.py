"""Timelines of executions, and how their calls are folded: where things stand, whatever their number and names."""

from __future__ import annotations

import resource
import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from kitaru import models, pictures
from kitaru._cli import describe, output
from kitaru._core.drawing import timeline
from kitaru._core.drawing.graph import fold
from kitaru._core.drawing.live_state import LiveState, Step
from kitaru._core.drawing.scale import Scale
from kitaru._core.drawing.timeline_svg import timeline_svg
from kitaru._core.drawing.timeline_text import timeline_lines
from kitaru._core.drawing.trace import (
    Attempt,
    Call,
    Trace,
    Wait,
    clipped_name,
    critical_path,
    groups_of,
    seconds,
    ticks,
)
from kitaru._core.drawing.tree import tree_lines

HOSTILE = "<script>alert(1)</script>&\"'\x00\x1b[31m]]>"


def call(name: str, function: str, start: float, end: float, *parents: str, status: str = "completed") -> Call:
    return Call(name, function, status, (Attempt(start, end, status),), parents)


def trace(*calls: Call, waits: tuple[Wait, ...] = (), length: float = 0, **changes) -> Trace:
    return Trace(**{
        "title": "research", "exec_id": "0a1b", "status": "completed", "calls": calls, "waits": waits,
        "attempts": (0.1,), "length": length or max((one.end for one in calls), default=1.0), **changes,
    })  # fmt: skip


def three() -> Trace:
    scored = Call(
        "score", "score", "completed", (Attempt(1.6, 2, "failed", HOSTILE), Attempt(2.1, 4, "completed")), ("collect",)
    )
    return trace(
        call("collect", "collect", 0.4, 1.6),
        scored,
        call("write", "write", 9, 9.01, "score", status="cached"),
        waits=(Wait("publish", HOSTILE, 4.1, 8.9),),
        attempts=(0.1, 2.05),
    )


def fan_out(width: int = 297, at_once: int = 10) -> Trace:
    """300 calls: one, then many of one checkpoint, then two."""
    names = ["parse", *(f"parse_{number}" for number in range(2, width + 1))]
    starts = [1 + number // at_once for number in range(width)]
    states = ["failed" if number == 7 else "cached" if number % 5 == 0 else "completed" for number in range(width)]
    parsed = [
        call(name, "parse", start, start + (0.02 if status == "cached" else 0.9), "collect", status=status)
        for name, start, status in zip(names, starts, states, strict=True)
    ]
    last = max(one.end for one in parsed)
    ranked = call("rank", "rank", last, last + 2, *names)
    return trace(call("collect", "collect", 0, 1), *parsed, ranked, call("write", "write", last + 2, last + 5, "rank"))


def distinct(number: int = 300) -> Trace:
    return trace(
        *(call(f"step{n}x", f"step{n}x", n, n + 1.5, *([f"step{n // 3}x"] if n else [])) for n in range(number))
    )


def loop(number: int = 150) -> Trace:
    """An agent: plan, act, plan, act."""
    names = [f"{function}{f'_{n}' if n > 1 else ''}" for n in range(1, number + 1) for function in ("plan", "act")]
    return trace(
        *(call(name, name.partition("_")[0], n, n + 0.9, *names[max(n - 1, 0) : n]) for n, name in enumerate(names))
    )


TRACES = {
    "three": three(),
    "300": fan_out(),
    "300 at once": fan_out(at_once=297),
    "300 kinds": distinct(),
    "loop": loop(),
}
EMPTY = trace(length=0.5, status="pending", attempts=())


@pytest.mark.parametrize("name", [*TRACES, "empty"])
def test_timelines_are_whole_xml_of_a_size_that_can_be_looked_at(name) -> None:
    text = timeline_svg(TRACES.get(name, EMPTY))
    root = ET.fromstring(text)
    width, height = float(root.get("width")), float(root.get("height"))
    assert 600 <= width <= 6000
    assert 100 <= height <= 2000
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y = float(rect.get("x", 0)), float(rect.get("y", 0))
        assert x >= 0
        assert x + float(rect.get("width")) <= width + 0.2
        assert y >= 0
        assert y + float(rect.get("height")) <= height + 0.2
    # Nothing is fetched, nothing runs.
    assert not any(word in text for word in ("href", "url(", "<script", "@import", "<image"))


@pytest.mark.parametrize("name", TRACES)
def test_bars_do_not_overlap_and_rows_stand_below_each_other(name) -> None:
    drawn = timeline.layout(TRACES[name])
    for above, below in pairwise(drawn.rows):
        assert above.y + above.height <= below.y
    for row in drawn.rows:
        lanes: dict[float, list[timeline.Bar]] = {}
        for bar in row.bars:
            assert row.y - 0.1 <= bar.y
            assert bar.y + bar.height <= row.y + row.height + 0.1
            lanes.setdefault(bar.y, []).append(bar)
        tops = sorted(lanes)
        assert all(lanes[one][0].height <= other - one for one, other in pairwise(tops))
        for bars in lanes.values():
            for one, other in pairwise(sorted(bars, key=lambda bar: bar.x)):
                assert one.x + one.width <= other.x + 1e-6
    assert drawn.height < 2000


@pytest.mark.parametrize("name", TRACES)
def test_a_folded_lineage_has_few_groups_and_each_call_once(name) -> None:
    groups, edges = fold(TRACES[name].calls)
    assert 1 < len(groups) <= 40
    grouped = [one.name for group in groups for one in group.calls]
    assert sorted(grouped) == sorted(one.name for one in TRACES[name].calls)
    assert {number for edge in edges for number in edge} == set(range(len(groups)))


def test_few_calls_keep_their_names_and_many_are_folded() -> None:
    assert [row.label for row in timeline.layout(TRACES["three"]).rows] == [
        "collect",
        "score",
        "waits for publish",
        "write",
    ]
    assert [group.label for group in fold(TRACES["three"].calls)[0]] == ["collect", "score", "write"]
    folded = timeline.layout(TRACES["300"]).rows
    assert [row.label for row in folded] == ["collect", "parse ×297", "rank", "write"]  # noqa: RUF001
    assert folded[1].note == "10 at once · 1 failed · 60 cached"
    assert [group.label for group in fold(TRACES["300"].calls)[0]] == [row.label for row in folded]
    assert timeline.layout(TRACES["300 at once"]).rows[1].area
    groups, edges = fold(TRACES["loop"].calls)
    assert [len(group.calls) for group in groups] == [150, 150]
    assert edges == {(0, 1), (1, 0)}


def test_attempts_waits_the_cache_and_the_critical_path_are_marked() -> None:
    drawn = timeline.layout(TRACES["three"])
    assert drawn.path == ("collect", "score", "publish", "write")
    assert [bar.kind for row in drawn.rows for bar in row.bars] == [
        "completed",
        "failed",
        "completed",
        "wait",
        "cached",
    ]
    assert all(bar.critical for row in drawn.rows for bar in row.bars)
    assert len(drawn.attempts) == 1
    text = timeline_svg(TRACES["three"])
    for part in ("attempt 2", "start 1 of 2", "critical path: 4 of 4", "answered after 4.8 s", "kt-cached kt-critical"):
        assert part in text


def test_attempts_that_begin_at_one_place_have_one_label_and_durations_stand_over_tears() -> None:
    svg = timeline_svg(trace(call("a", "a", 0.2, 9.0), attempts=(0.1, 4.0, 4.1, 8.0), length=9.5))
    assert svg.count('class="kt-attempt"') == 3
    assert [number for number in (2, 3, 4) if f">attempt {number}<" in svg] == [2, 4]
    torn = timeline_svg(asked())
    assert torn.rindex('<g class="kt-tear"') < torn.index('<text class="kt-small kt-over"')


def test_the_critical_path_leads_over_what_ended_last() -> None:
    found = trace(
        call("quick", "quick", 0, 1),
        call("slow", "slow", 0, 5),
        call("join", "join", 5.02, 6, "quick", "slow"),
        call("aside", "aside", 1, 2, "quick"),
    )
    assert critical_path(found) == ["slow", "join"]
    together = trace(call("a", "a", 0, 1), call("b", "b", 0, 1.01), call("c", "c", 1.02, 2, "a"))
    assert critical_path(together) == ["a", "c"]  # of two that ended together, the one that it is made from
    assert critical_path(EMPTY) == []


def test_names_messages_and_questions_cannot_leave_the_picture() -> None:
    hostile = Trace(
        HOSTILE, HOSTILE, "failed", (Call(HOSTILE, HOSTILE, "failed", (Attempt(0, 1, "failed", HOSTILE),), (HOSTILE,)),),
        (Wait(HOSTILE, HOSTILE, 1, 2),), (0.0,), 2.0, HOSTILE,
    )  # fmt: skip
    text = timeline_svg(hostile)
    root = ET.fromstring(text)
    assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "\x1b" not in text


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("width", [40, 100, 200])
def test_the_terminal_gets_a_few_lines_that_fit(name, width) -> None:
    lines = list(timeline_lines(TRACES[name], width, lambda text, _: text))
    assert len(lines) <= 36
    bars = [line for line in lines if line.startswith("▸ ") and "█" in line]
    assert bars or name == "300 kinds"
    assert not any(width > 40 and len(line.split(" · ")[0]) > width for line in bars)


def test_states_can_be_told_apart_without_colours() -> None:
    text = "\n".join(timeline_lines(TRACES["three"], 100, lambda text, _: text))
    assert all(sign in text for sign in ("█", "×", "░", "◆"))  # noqa: RUF001
    assert "collect 1.2 s → score 2.4 s → wait publish 4.8 s → write 10 ms" in text


def test_spans_and_axes_are_in_round_numbers() -> None:
    assert [seconds(span) for span in (0.04, 4.23, 65, 3600, 7500, 90000)] == [
        "40 ms", "4.2 s", "1 min 5 s", "1 h", "2 h 5 min", "1 d 1 h",
    ]  # fmt: skip
    for length in (0.03, 0.9, 4, 61, 500, 7200, 90000, 3e6):
        marks = ticks(length)
        assert 3 <= len(marks) <= 12
        assert marks[-1] <= length
    assert [group.label for group in groups_of(TRACES["300 kinds"].calls, 5)][-1] == "296 others"


NOW = datetime(2026, 1, 31, 14, tzinfo=UTC)


def test_an_execution_shows_itself_in_a_notebook() -> None:
    attempt = models.CheckpointAttempt(number=1, status="failed", started_at=NOW, ended_at=None, error=HOSTILE)
    checkpoint = models.CheckpointExecution(
        name="fetch", checkpoint="fetch", type=None, status="failed", started_at=NOW, ended_at=None, attempts=(attempt,),
        parents=(), metadata={}, progress=None,
    )  # fmt: skip
    wait = models.Wait(name="ok", question=HOSTILE, asked_at=NOW + timedelta(seconds=1))
    execution = models.Execution(
        exec_id="0a1b", flow_name=HOSTILE, status="failed", status_reason=None, stack_name=None, started_at=NOW,
        ended_at=NOW + timedelta(seconds=4), settings={}, inputs={}, attempts=(), checkpoints=(checkpoint,), artifacts=(),
        failure=models.ExecutionFailure(origin="checkpoint", message=HOSTILE, type="builtins.ValueError"), metadata={},
        pending_wait=None, waits=(wait,), changed_code=(), original_exec_id=None, dashboard_url="http://x/?a=1&b=2",
    )  # fmt: skip
    shown = execution._repr_html_()
    ET.fromstring(shown)
    assert "<script" not in shown
    assert "ValueError" in shown
    found = pictures.trace_of(execution, NOW + timedelta(seconds=9))
    assert (found.length, found.waits[0].end, found.calls[0].end) == (4, 4, 4)
    assert pictures.timeline_html(execution).count("<svg") == 1


def test_the_tree_puts_a_join_beside_its_branches_and_a_chain_below_itself() -> None:
    edges = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5), (4, 6), (5, 1)]
    assert list(tree_lines(8, edges)) == [
        (0, ""), (1, "├─ "), (2, "├─ "), (3, "└─ "), (4, "   "), (5, "   ├─ "), (6, "   └─ "), (7, ""),
    ]  # fmt: skip
    assert {before for _, before in tree_lines(3000, [(n, n + 1) for n in range(2999)])} == {""}
    assert list(tree_lines(0, [])) == []


# -- what is cut short ------------------------------------------------------------------------------------------------


def asked(wait: float = 600) -> Trace:
    """Ten minutes of waiting in five seconds of work."""
    calls = (call("collect", "collect", 0.2, 1.4), call("draft", "draft", 1.5, 4.2, "collect"))
    published = call("publish", "publish", 4.5 + wait, 5.2 + wait, "draft")
    return trace(*calls, published, waits=(Wait("approve", "Publish it?", 4.3, 4.3 + wait),))


def test_a_long_wait_leaves_room_for_what_ran() -> None:
    made = timeline.layout(asked())
    bars = {bar.name: bar for row in made.rows for bar in row.bars}
    assert bars["draft"].width > bars["approve"].width > 40
    assert bars["publish"].width > 40
    assert made.breaks[0][1] == "10 min, cut short"
    assert bars["approve"].x < made.breaks[0][0] < bars["approve"].x + bars["approve"].width
    labels = [label for _, label in made.ticks]
    assert (labels[:5], labels[-1]) == (["0", "1.0 s", "2.0 s", "3.0 s", "4.0 s"], "10 min 5 s")
    assert all(other - one > 5 * len(label) for (one, label), (other, _) in pairwise(made.ticks))
    assert timeline.layout(asked(wait=8)).breaks == ()
    svg = timeline_svg(asked())
    ET.fromstring(svg)
    assert svg.count("kt-tear") > timeline_svg(asked(wait=2)).count("kt-tear")
    (waits,) = [line for line in timeline_lines(asked(), 100, lambda text, _: text) if line.startswith("▸ waits")]
    assert "░≈░" in waits


@pytest.mark.parametrize("wait", [0.5, 3, 600, 86400])
def test_a_scale_keeps_the_order_of_moments_and_can_be_read_backwards(wait: float) -> None:
    scale = Scale(asked(wait))
    moments = [scale.length * number / 200 for number in range(201)]
    shares = [scale.share(moment) for moment in moments]
    assert (shares[0], shares[-1]) == (0, pytest.approx(1))
    assert all(one < other for one, other in pairwise(shares))
    assert [scale.moment(share) for share in shares] == pytest.approx(moments)


def test_long_names_keep_which_call_it_is() -> None:
    assert clipped_name("summarise_the_findings_of_all_pages_12", 20) == "summarise_the_fi…_12"
    assert clipped_name("summarise_the_findings_of_all_pages ×297", 20).endswith("… ×297")  # noqa: RUF001
    assert clipped_name("parse_2", 20) == "parse_2"
    assert len(clipped_name("n" * 40, 20)) == 20


# -- loops of many turns ----------------------------------------------------------------------------------------------

# Seconds of this process's own time and bytes for a picture of 1,000 calls: several times what each takes.
SECONDS, BYTES = 20, 256 << 20


@pytest.fixture
def modest():
    """Fail a test that takes much time or memory: what grows exponentially would take all there is."""
    statm = Path("/proc/self/statm")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if statm.exists():
        taken = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + BYTES, hard))
    began = time.process_time()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert time.process_time() - began < SECONDS


def agent(remembered: int, turns: int = 500) -> models.Execution:
    """An agent that thinks and calls a tool in each turn, and remembers the results of so many turns."""
    made: list[models.CheckpointExecution] = []
    tools: list[str] = []
    for turn in range(1, turns + 1):
        thought, tool = (f"{name}{f'_{turn}' if turn > 1 else ''}" for name in ("think", "search"))
        made += [called(thought, len(made), *tools[-remembered:]), called(tool, len(made) + 1, thought)]
        tools.append(tool)
    return models.Execution(
        exec_id="0a1b", flow_name="agent", status="completed", status_reason=None, stack_name=None, started_at=NOW,
        ended_at=NOW + timedelta(seconds=len(made)), settings={}, inputs={}, attempts=(), checkpoints=tuple(made),
        artifacts=(), failure=None, metadata={}, pending_wait=None, waits=(), changed_code=(), original_exec_id=None,
        dashboard_url=None,
    )  # fmt: skip


def called(name: str, second: int, *parents: str) -> models.CheckpointExecution:
    start, end = NOW + timedelta(seconds=second), NOW + timedelta(seconds=second + 1)
    attempt = models.CheckpointAttempt(number=1, status="completed", started_at=start, ended_at=end, error=None)
    return models.CheckpointExecution(
        name=name, checkpoint=name.partition("_")[0], type=None, status="completed", started_at=start, ended_at=end,
        attempts=(attempt,), parents=parents, metadata={}, progress=None,
    )  # fmt: skip


def at_a_terminal(execution: models.Execution) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(describe, "is_terminal", lambda: True)
        patch.setattr(output, "is_terminal", lambda: True)
        return describe.described(execution)


def in_the_live_view(execution: models.Execution) -> str:
    state = LiveState()
    state.update(Step(one.name, one.status, 1, one.started_at, one.ended_at) for one in execution.checkpoints)
    return " ".join(f"{row.name} ×{row.total}" for row in state.rows(20)[0])  # noqa: RUF001


@pytest.mark.parametrize("remembered", [2, 3, 500])
@pytest.mark.parametrize(
    "draw",
    [
        at_a_terminal,
        in_the_live_view,
        pictures.timeline_html,
        pictures.timeline_svg,
        pictures.graph_mermaid,
        pictures.graph_dot,
        lambda execution: "\n".join(pictures.timeline_text(execution, 100, lambda text, _: text)),
    ],
    ids=["get", "live view", "timeline --html", "timeline --svg", "mermaid", "dot", "timeline"],
)
def test_1000_calls_that_take_the_results_before_them_are_folded(draw, remembered, modest) -> None:
    drawn = draw(agent(remembered))
    assert "think ×500" in drawn  # noqa: RUF001
    assert "search ×500" in drawn  # noqa: RUF001


def test_1000_calls_that_take_the_results_before_them_are_listed_for_programs(modest) -> None:
    lines = describe.described(agent(500)).splitlines()
    assert sum("think" in line or "search" in line for line in lines) == 1000


def test_a_chain_of_more_checkpoints_than_boxes_is_folded_without_loops(modest) -> None:
    names = [f"step{number}x" for number in range(300)]
    long = trace(*(call(name, name, n, n + 1, *names[:n]) for n, name in enumerate(names)))
    groups, edges = fold(long.calls)
    assert sum(len(group.calls) for group in groups) == 300
    assert len(groups) <= 40
    assert all(start < end for start, end in edges)


def test_a_node_of_the_tree_stands_below_what_its_many_parents_have_in_common() -> None:
    chain = [(number, number + 1) for number in range(1000)]
    branches = [(500, 1001), (1001, 1002), (900, 1003), (1002, 1003), (1003, 1004)]
    lines = dict(tree_lines(1005, [*chain, *branches, *((number, 1004) for number in range(500, 1003))]))
    assert [lines[number] for number in (500, 501, 1001, 1003, 1004)] == ["", "├─ ", "├─ ", "├─ ", "└─ "]


def test_5000_long_waits_are_drawn(modest) -> None:
    calls = tuple(call(f"work_{n}", "work", n * 86400, n * 86400 + 1) for n in range(5000))
    waits = tuple(Wait(f"ask_{n}", None, n * 86400 + 1, (n + 1) * 86400) for n in range(5000))
    waiting = trace(*calls, waits=waits, length=5000 * 86400)
    assert timeline_svg(waiting).count("kt-tear") > 5000
    assert len(list(timeline_lines(waiting, 100, lambda text, _: text))) < 10


def test_the_live_view_leaves_out_what_is_done_of_10000_checkpoints(modest) -> None:
    state = LiveState()
    state.update(Step(f"step{n}x", "completed", 1, NOW + timedelta(seconds=n), NOW) for n in range(10_000))
    rows, left_out = state.rows(20)
    assert ([row.name for row in rows][-1], len(rows), left_out) == ("step9999x", 19, 9981)
