"""What counts for some seconds is forgotten after them."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from kitaru._core.process.recent import Recent
from kitaru._zenml.records import stack_runners


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: now.seconds)
    return now


def test_a_value_is_found_until_its_time_is_over(clock) -> None:
    known: Recent[str, str | None] = Recent(3)
    known.put("a", None)
    clock.seconds += 3
    assert known.find("a") == (None,)
    clock.seconds += 0.1
    assert known.find("a") is None
    assert known.find("b") is None


def test_a_value_that_is_put_in_again_or_forgotten_counts_anew(clock) -> None:
    known: Recent[str, int] = Recent(3)
    known.put("a", 1)
    clock.seconds += 2
    known.put("a", 2)
    clock.seconds += 2
    assert known.find("a") == (2,)
    known.forget("a")
    known.forget("a")
    assert known.find("a") is None


def test_no_more_is_kept_than_what_is_recent(clock) -> None:
    known: Recent[int, int] = Recent(3)
    for number in range(10_000):
        known.put(number, number)
        clock.seconds += 1
        assert len(known) <= 4


def test_an_engine_is_asked_once_in_a_while_about_an_execution_and_its_answer_is_not_kept(clock, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(stack_runners.records, "extra_of", lambda _: {"runner": "stack"})
    monkeypatch.setattr(stack_runners, "_ask", lambda run, _: asked.append(run.id))
    for number in range(100):
        run = SimpleNamespace(id=number, stack="kube")
        assert [stack_runners.lost_on_stack(run) for _ in range(3)] == [None, None, None]
        clock.seconds += 1
    assert asked == list(range(100))
    assert len(stack_runners._answers) <= 4
    stack_runners.ask_anew(run)
    stack_runners.lost_on_stack(run)
    assert asked[-2:] == [99, 99]
