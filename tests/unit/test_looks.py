"""Who waits for an execution looks at it when its runner has done something, and seldom otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kitaru._core.process import files, looks
from kitaru._core.process.looks import Looks
from kitaru._core.process.places import runner_directory

if TYPE_CHECKING:
    from pathlib import Path

ID = "an-execution"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Clock:
    clock = Clock()
    monkeypatch.setattr(looks, "time", clock)
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path))
    return clock


def wait(looking: Looks[int], clock: Clock, seconds: float) -> None:
    end = clock.now + seconds
    while clock.now < end:
        looking.latest()
        clock.now += looking.pause


def test_while_nothing_happens_the_store_is_asked_less_and_less(clock: Clock) -> None:
    reads: list[float] = []
    runner = runner_directory() / ID
    runner.mkdir(parents=True)
    (runner / files.EVENTS).write_text("started\n")
    looking = Looks(ID, lambda: reads.append(clock.now) or len(reads))
    wait(looking, clock, 2)
    early = len(reads)
    wait(looking, clock, 60)
    assert early >= 5, "a short flow is looked at often"
    assert len(reads) - early <= 35
    assert reads[-1] - reads[-2] >= 2


def test_what_the_runner_does_is_seen_at_the_next_glance(clock: Clock) -> None:
    runner = runner_directory() / ID
    runner.mkdir(parents=True)
    events = runner / files.EVENTS
    state = ["running"]
    looking = Looks(ID, lambda: state[-1])
    wait(looking, clock, 60)
    state.append("waiting")
    assert looking.latest() == "running"
    events.write_text("a question\n")
    assert looking.latest() == "waiting"
    # What is told just before it is so is found out soon after.
    events.write_text("a question\nthe end\n")
    assert looking.latest() == "waiting"
    state.append("completed")
    wait(looking, clock, 0.5)
    assert looking.latest() == "completed"


@pytest.mark.parametrize(("takes", "at_most"), [(0.2, 20), (0.005, 150)], ids=["a server", "a thread"])
def test_without_a_runner_here_it_depends_on_what_a_look_costs(clock: Clock, takes: float, at_most: int) -> None:
    reads: list[float] = []

    def read() -> int:
        clock.now += takes
        reads.append(clock.now)
        return len(reads)

    looking = Looks(ID, read)
    wait(looking, clock, 30)
    seen = len(reads)
    wait(looking, clock, 30)
    assert at_most / 2 <= len(reads) - seen <= at_most
