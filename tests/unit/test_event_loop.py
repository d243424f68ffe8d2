"""What the loop of async bodies tells of the tasks that a body leaves."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import TYPE_CHECKING

from kitaru._core.code.event_loop import BodyLeft, BodyLoop

if TYPE_CHECKING:
    import pytest


async def _fail(error: BaseException) -> None:
    raise error


async def _leave_tasks_that_fail_with(*errors: BaseException) -> None:
    tasks = [asyncio.create_task(_fail(error)) for error in errors]
    await asyncio.wait(tasks)


def test_a_task_that_the_body_leaves_is_told_of_only_where_it_failed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="asyncio"), BodyLoop() as loop:
        loop.run(_leave_tasks_that_fail_with(BodyLeft(), ValueError("lost")), lambda _: None)
        gc.collect()
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["lost"]
