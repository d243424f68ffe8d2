"""Async flows and checkpoints: awaited values, real concurrency, and no hang where asyncio would have one."""

from __future__ import annotations

import json


def test_async_flows_await_checkpoints_of_both_kinds_side_by_side(project):
    project.take("expecting.py", "async/async_side_by_side.py")
    assert project.run("async_side_by_side.py", env={"KITARU_CONCURRENCY": "4"}).stdout.splitlines() == [
        "[11, [0]]",
        "{'sum': 2, 'list': [3, 4]}",
        "KitaruUserCodeError checkpoint builtins.LookupError",
        "KitaruUserCodeError flow builtins.ExceptionGroup",
    ]


def test_an_event_loop_around_the_runner_is_not_the_flows_own(project):
    project.take("async/loop_around_runner.py")
    assert project.run("loop_around_runner.py", env={"KITARU_LOCAL_RUNNER": "inline"}).stdout == "(3, 3)\n"


def test_async_checkpoints_share_the_loop_that_connections_belong_to(project):
    project.take("async/shared_connection.py")
    project.run("shared_connection.py")


def test_an_attempt_keeps_connections_and_no_tasks_or_threads_of_the_one_before(project):
    project.take("async/connection_in_attempts.py", "right_call/marks.py")
    facts = json.loads(project.run("connection_in_attempts.py").stdout.splitlines()[-1])
    assert facts["result"] == "X"
    assert facts["seen"] == ["connected", *(["2 tasks left", "task ended", "thread ended"] * 2)]
