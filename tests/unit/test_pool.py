"""The threads in which the calls of a body run."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import Any

import pytest

from kitaru._core.code.pool import Pool


def test_a_call_takes_a_place_when_what_it_waits_for_is_there() -> None:
    pool, first = Pool(1), Future[Any]()
    later = [pool.submit(lambda number=number: number, [first, first]) for number in range(3)]  # type: ignore[misc]
    assert pool.submit(lambda: "free").result(60) == "free"
    first.set_exception(ValueError())  # it says itself what it makes of that
    assert [future.result(60) for future in later] == [0, 1, 2]


def test_no_more_calls_run_at_once_than_there_are_places() -> None:
    pool, elsewhere, go = Pool(3), Future[Any](), threading.Event()
    pool.occupy(elsewhere)
    calls = [pool.submit(lambda: go.wait(60)) for _ in range(4)]
    assert [call.running() or not call.done() for call in calls] == [True] * 4
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("kitaru-checkpoint_")]
    assert len(names) == 2
    elsewhere.set_result(None)
    go.set()
    assert [call.result(60) for call in calls] == [True] * 4


def test_a_closed_pool_starts_nothing_and_lets_finish_what_runs() -> None:
    pool, go, first = Pool(1), threading.Event(), Future[Any]()
    running = pool.submit(lambda: go.wait(60))
    left = [pool.submit(list), pool.submit(list, [first])]
    pool.close()
    left += [pool.submit(list)]
    first.set_result(None)
    go.set()
    assert running.result(60)
    assert all(future.cancelled() for future in left)


def test_what_a_call_raises_is_raised_where_its_result_is_taken() -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    failed = Pool(1).submit(fail)
    wait_for([failed], 60)
    with pytest.raises(KeyboardInterrupt):
        failed.result()


def test_a_call_for_which_no_thread_can_be_started_waits_for_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool, elsewhere, go, first = Pool(2), Future[Any](), threading.Event(), Future[Any]()
    running = pool.submit(lambda: go.wait(60))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        later = pool.submit(lambda: "later", [first])
        first.set_result(None)
        go.set()
        assert (running.result(60), later.result(60)) == (True, "later")
        pool = Pool(1)
        pool.occupy(elsewhere)
        alone = [pool.submit(list), pool.submit(list)]
        elsewhere.set_result(None)
        for future in alone:
            with pytest.raises(RuntimeError, match="new thread"):
                future.result(60)
    assert pool.submit(lambda: "free").result(60) == "free"


def test_a_call_that_rests_leaves_its_place_to_others_until_it_goes_on() -> None:
    pool, rested = Pool(1), threading.Event()
    order: list[str] = []

    def rest() -> None:
        with pool.resting():
            rested.wait(60)
        order.append("rested")

    def others(name: str) -> None:
        rested.set()
        order.append(name)

    resting = pool.submit(rest)
    wait_for([resting, pool.submit(lambda: others("other"))], 60)
    assert order == ["other", "rested"]
    assert pool.submit(lambda: "free").result(60) == "free"


def test_a_call_whose_rest_is_cut_short_ends_at_once() -> None:
    pool, go = Pool(1), threading.Event()

    def rest() -> None:
        with pool.resting():
            other = pool.submit(lambda: go.wait(60))
            assert not other.done()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        pool.submit(rest).result(60)
    go.set()
    assert pool.submit(lambda: "free").result(60) == "free"
