"""Places and rates over processes: order, what killed processes leave, and a clock that is set back."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from kitaru._core.policies.amounts import Rate
from kitaru._core.process import limits
from kitaru._core.process.limits import Busy, Ticket, seconds_to_wait

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_places_are_given_in_order_and_given_back(tmp_path: Path) -> None:
    late, early = Ticket(tmp_path, 2), Ticket(tmp_path, 1)
    assert late.take(1) == Busy(held=0, ahead=1)
    assert early.take(1) is None
    assert late.take(1) == Busy(held=1, ahead=0)
    early.leave()
    early.leave()
    assert late.take(1) is None
    late.leave()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_killed_process_gives_its_place_back_though_a_fork_of_it_lives(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    holder = os.fork()
    if holder == 0:
        ticket = Ticket(tmp_path, 1)
        ticket.take(1)
        if os.fork() == 0:  # which says so itself: by then it has closed what it inherited
            os.write(writing, f"{os.getpid()}\n".encode())
        signal.pause()
    child = int(os.read(reading, 100))
    mine = Ticket(tmp_path, 2)
    assert mine.take(1) == Busy(held=1, ahead=0)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    try:
        assert mine.take(1) is None
    finally:
        os.kill(child, signal.SIGKILL)
        mine.leave()


def test_so_many_start_in_any_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(limits.time, "time", lambda: now[0])
    rate, granted = Rate(3, 10), []
    for _ in range(200):
        if not seconds_to_wait(tmp_path, rate):
            granted.append(now[0])
        now[0] += 0.7
    assert len(granted) > 30
    assert all(later - earlier >= 10 for earlier, later in zip(granted, granted[3:], strict=False))


def test_it_says_how_long_to_wait_and_a_clock_set_back_blocks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits.time, "time", lambda: 1000.0)
    assert seconds_to_wait(tmp_path, Rate(1, 60)) == 0
    assert seconds_to_wait(tmp_path, Rate(1, 60)) == 60
    monkeypatch.setattr(limits.time, "time", lambda: 10.0)
    assert seconds_to_wait(tmp_path, Rate(1, 60)) == 0
    assert json.loads((tmp_path / "starts.json").read_text()) == {"starts": [10.0]}
