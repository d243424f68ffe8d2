"""At most so many executions of a flow, or calls of a checkpoint, at once, over processes; and so many in a time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from kitaru import FlowHandle
from kitaru._core.process import files
from kitaru._core.process.places import runner_directory

MANY = """
    from narrow import {flow}
    for arguments in {arguments}:
        print({flow}.run(*arguments).exec_id)
"""


@pytest.fixture
def started(project, home):
    """Start executions, one for each list of arguments, and return their handles."""
    project.take("limits/narrow.py")
    (project.path / "inside").mkdir()

    def start(flow: str, *arguments: list[str]) -> list[FlowHandle[object]]:
        project.write("start.py", MANY.format(flow=flow, arguments=arguments))
        return [FlowHandle.from_id(exec_id) for exec_id in project.run("start.py").stdout.split()]

    return start


def said(handle: FlowHandle[object]) -> str:
    return files.directory(runner_directory(), handle.exec_id).joinpath(files.LOG).read_text(encoding="utf-8")


def test_calls_of_two_executions_share_the_places(started, project, eventually):
    handles = started("crowds", ["a"], ["b"])
    inside = project.path / "inside"
    eventually(lambda: len(list(inside.iterdir())) == 2, what="two calls that run")
    eventually(
        lambda: all("waits for a place: 2 of 2 are taken" in said(one) for one in handles), what="the others wait"
    )
    assert len(list(inside.iterdir())) == 2
    project.write("go", "")
    counts = [count for one in handles for count in one.wait(timeout=120)]  # type: ignore[attr-defined]
    assert len(counts) == 6
    assert max(counts) <= 2


def test_executions_of_a_flow_run_in_order_though_one_is_killed_and_one_is_cancelled(started, project, eventually):
    first, *rest = started("alone", ["a"], ["b"], ["c"], ["d"])
    eventually(lambda: len(list((project.path / "inside").iterdir())) == 1, what="the first one at work")
    eventually(lambda: all("waits for a place: 1 of 1 are taken" in said(one) for one in rest), what="the others wait")
    assert [one.status.value for one in rest] == ["pending"] * 3
    rest[1].cancel()
    assert rest[1].status == "cancelled"
    (project.path / "inside").joinpath(next(iter(os.listdir(project.path / "inside")))).unlink()  # noqa: PTH208 - its name
    for process in files.read(files.directory(runner_directory(), first.exec_id) / files.STATE)["processes"]:
        os.kill(process["pid"], signal.SIGKILL)
    project.write("go", "")
    assert [rest[0].wait(timeout=120), rest[2].wait(timeout=120)] == ["b", "d"]
    assert Path(project.path / "order").read_text(encoding="utf-8") == "bd"


def test_an_execution_that_waits_for_an_answer_leaves_its_place_to_others(started, eventually):
    (asks,) = started("asking", ["asks"])
    eventually(lambda: asks.status == "waiting", what="the question")
    (other,) = started("asking", ["other"])
    assert other.wait(timeout=120) == "other"
    from kitaru import KitaruClient

    KitaruClient().executions.input(asks.exec_id, value=True)
    assert asks.wait(timeout=120) == "asks"


def test_calls_wait_where_so_many_have_started_in_the_time(started, eventually):
    (handle,) = started("calls", [])
    eventually(lambda: "as 2 have started within 60 s" in said(handle), what="the third call waits")
    handle.cancel()
    assert [call.name for call in handle.execution.checkpoints] == ["call", "call_2"]


def test_a_pending_execution_in_a_thread_can_be_cancelled(project, home):
    project.take("limits/narrow.py")
    (project.path / "inside").mkdir()
    project.write(
        "cancel.py",
        """
        from narrow import HERE, alone

        first = alone.run("a")
        while not list((HERE / "inside").iterdir()):
            pass
        second = alone.run("b")
        assert second.status == "pending"
        second.cancel()
        (HERE / "go").touch()
        print(first.wait(timeout=120), second.status)
        """,
    )
    done = project.run("cancel.py", env={"KITARU_LOCAL_RUNNER": "thread"})
    assert done.stdout == "a cancelled\n"


def test_a_stack_that_runs_elsewhere_is_said_to_keep_no_limit(capsys):
    from types import SimpleNamespace
    from typing import Any, cast

    from kitaru._core.settings.keywords import checked_options
    from kitaru._core.settings.settings import resolve
    from kitaru._zenml.running.limits import warn_of_limits

    settings = resolve(flow=checked_options("@flow", {"concurrency": 3}))
    named: Any = SimpleNamespace(name="nightly")
    warn_of_limits(named, settings, cast("Any", SimpleNamespace(name="k8s")))
    assert "concurrency=3 of flow 'nightly' is not kept on stack 'k8s'" in capsys.readouterr().err
