"""When a body counts as having given up what it has started."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest

from kitaru import KitaruTimeoutError
from kitaru._core.code.futures import CheckpointFuture, CheckpointFutures


def made(future: Future[Any]) -> CheckpointFuture[Any]:
    return CheckpointFuture(future, "call", lambda value: value)


def test_a_future_is_given_up_when_the_last_that_waits_for_it_stops() -> None:
    inner: Future[Any] = Future()
    future, first = made(inner), made(Future())

    async def body() -> list[bool]:
        both = asyncio.ensure_future(CheckpointFutures([first, future]))
        alone = asyncio.ensure_future(future)
        await asyncio.sleep(0)
        seen = []
        for waiting in (alone, both):
            waiting.cancel()
            await asyncio.wait([waiting])
            seen.append(future._given_up)
        again = asyncio.ensure_future(future)
        await asyncio.sleep(0)
        seen.append(future._given_up)
        inner.set_result("value")
        assert await again == "value"
        return [*seen, future._given_up]

    assert asyncio.run(body()) == [False, True, False, False]
    assert first._given_up


def test_a_failure_is_not_seen_by_giving_up_others() -> None:
    failed, going_on = made(Future()), made(Future())
    failed._future.set_exception(ValueError())
    first = made(Future())
    with pytest.raises(KitaruTimeoutError):
        CheckpointFutures([first, failed, going_on]).results(timeout=0)
    states = [(one._seen, one._given_up) for one in (first, failed, going_on)]
    assert states == [(True, True), (False, False), (True, True)]


def test_a_timeout_that_a_checkpoint_raised_gives_nothing_up() -> None:
    failed, going_on = made(Future()), made(Future())
    failed._future.set_exception(KitaruTimeoutError("its own"))
    with pytest.raises(KitaruTimeoutError, match="its own"):
        CheckpointFutures([failed, going_on]).results(timeout=0)
    assert not going_on._seen
    assert not going_on._given_up
