"""Checkpoints with ``runtime="process"``: as inline, on all cores, and what takes one process takes one call."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

import kitaru
from kitaru import FlowHandle, KitaruClient, KitaruUsageError, checkpoint
from kitaru._core.process import files
from kitaru._core.process.places import runner_directory

LOOK = """
    from zenml.client import Client
    import kitaru
    steps = Client().get_pipeline_run("{exec_id}").steps
    print(
        steps["with_context"].output.run_metadata["words"],
        steps["apart"].id in steps["with_context"].parent_step_ids,
        kitaru.load("{exec_id}", "saved 1"),
    )
"""
LIMITS = """
from zenml.client import Client
from kitaru._zenml.records.records import extra_of

steps = Client().get_pipeline_run("{exec_id}").steps
print({{name: extra_of(step).get("timeout") for name, step in sorted(steps.items())}})
"""


@pytest.fixture
def started(project):
    """Start a flow of a program, and return its handle."""
    project.take("processes/processes.py")
    project.take("processes/slow.py")

    def start(module: str, flow: str) -> FlowHandle[object]:
        project.write("start.py", f"import {module}\nprint({module}.{flow}.run().exec_id)")
        return FlowHandle.from_id(project.run("start.py").stdout.strip())

    return start


def said(handle: FlowHandle[object]) -> str:
    return files.directory(runner_directory(), handle.exec_id).joinpath(files.LOG).read_text(encoding="utf-8")


def lines_of(handle: FlowHandle[object], checkpoint: str) -> list[tuple[str, str]]:
    logs = KitaruClient().executions.logs(handle.exec_id, checkpoint=checkpoint)
    return sorted((line.level, line.message) for line in logs if not line.message.startswith("kitaru:"))


def test_it_is_as_inline(started, project):
    handle = started("processes", "alike")
    value = handle.wait(timeout=240, progress=False)
    exec_id = handle.exec_id
    assert value["texts"] == [f"page 1 of {exec_id}", f"page 2 of {exec_id}"]
    assert value["pid"] not in value["pids"]
    assert (value["context"], value["made"]) == ("with_context", "by a factory")
    assert lines_of(handle, "apart") == lines_of(handle, "inline")
    assert [message for _, message in lines_of(handle, "apart_2")] == [
        message.replace("1", "2") for _, message in lines_of(handle, "inline")
    ]
    calls = {call.name: call for call in handle.execution.checkpoints}
    assert calls["apart"].metadata == calls["inline"].metadata
    assert calls["apart"].metadata["more"] == {"a": 1, "b": 1}
    project.write("look.py", LOOK.format(exec_id=exec_id))
    assert project.run("look.py").stdout == "4 True [1]\n"


def test_what_takes_a_process_takes_one_call(started):
    raised, crashed, ended, starved, died, unsendable, hungry, beside, fed = started("processes", "alone").wait(
        timeout=240, progress=False
    )
    assert raised == "LookupError: not there"
    assert "KitaruProcessError" in crashed
    assert "signal 11 (SIGSEGV)" in crashed
    assert "exit code 3" in ended
    assert starved.startswith("KitaruUsageError: max_memory=2 MB is too little")
    assert died == "3"
    assert unsendable.startswith("KitaruUsageError")
    assert "cannot be pickled" in unsendable
    assert hungry.startswith("KitaruMemoryError")
    assert "250 MB" in hungry
    assert (beside, fed) == ("beside 10", "7")


def test_what_a_process_has_left_of_a_call_is_none_of_the_next(started, project, monkeypatch):
    monkeypatch.setenv("KITARU_PROCESSES", "1")
    handle = started("processes", "one_after_the_other")
    big, roomy, left, followed, after_loss, lost = handle.wait(timeout=240, progress=False)
    assert roomy != big
    assert followed == left
    assert after_loss != left
    assert "signal 9 (SIGKILL)" in lost
    os.kill(int((project.path / "program").read_text()), signal.SIGKILL)
    calls = {call.name: call.metadata for call in handle.execution.checkpoints}
    assert calls["leaves_a_task"] == {}
    assert calls["follows"] == {"late": "KitaruContextError"}


def test_one_that_speaks_all_the_time_is_ended_in_time(started):
    assert "time limit of 0.5 s" in started("processes", "speaks").wait(timeout=240, progress=False)


def test_its_processes_end_with_the_runner_and_the_next_one_goes_on(started, project, eventually):
    handle = started("processes", "killed")
    inside = [project.path / name for name in ("first", "second")]
    eventually(lambda: all(one.exists() and " " in one.read_text() for one in inside), what="two calls at work")
    pids = [int(pid) for one in inside for pid in one.read_text().split()]
    state = files.read(files.directory(runner_directory(), handle.exec_id) / files.STATE)
    os.kill(state["processes"][1]["pid"], signal.SIGKILL)
    eventually(lambda: not any(map(_is_alive, pids)), what="the end of its processes, and of what they had started")
    project.write("go", "")
    assert handle.wait(timeout=240, progress=False) == ["first", "second"]
    assert [attempt.outcome for attempt in handle.execution.attempts] == ["lost", "completed"]


def test_a_cancelled_one_and_one_that_is_given_up_are_ended(started, project, eventually):
    handle = started("processes", "killed")
    inside = project.path / "first"
    eventually(lambda: inside.exists() and " " in inside.read_text(), what="a call at work")
    pids = [int(pid) for pid in inside.read_text().split()]
    handle.cancel()
    eventually(lambda: not any(map(_is_alive, pids)), what="the end of its process")
    assert handle.status == "cancelled"
    handle = started("processes", "gives_up")
    assert handle.wait(timeout=240, progress=False) == "ended"
    assert not any(_is_alive(int(pid)) for pid in (project.path / "given up").read_text().split())
    assert "left behind" not in said(handle)


def test_a_call_that_passes_its_time_limit_has_that_for_its_outcome(started, project, eventually):
    handle = started("slow", "limited")
    eventually(lambda: handle.status == "waiting", what="the question")
    assert "left behind" in said(handle)
    KitaruClient().executions.input(handle.exec_id, value=True)
    *seen, second, quick = handle.wait(timeout=240, progress=False)  # type: ignore[misc]
    assert len(seen) == 4
    assert all("longer than its time limit of 0.5 s" in text for text in seen)
    assert ["left behind" in text for text in seen] == [True, False, False, False]
    assert (second, quick) == (2, 1)
    assert (
        project.path / "cleaned"
    ).read_text() == ".."  # by the cancelled one, and in the process; by none of them twice
    assert (project.path / "stubborn").read_text() == "."
    calls = {call.name: call.status for call in handle.execution.checkpoints}
    assert [calls[name] for name in ("sync", "cancelled", "process", "stubborn")] == ["failed"] * 4


@pytest.mark.parametrize("flow", ["loops", "waits", "awaits", "passes_on", "queues"])
def test_a_body_that_passes_its_time_limit_fails(started, project, flow):
    handle = started("slow", flow)
    with pytest.raises(kitaru.KitaruUserCodeError, match="longer than its time limit of 1 s") as raised:
        handle.wait(timeout=240, progress=False)
    assert raised.value.exception_type == "kitaru.errors.KitaruTimeoutError"
    assert (project.path / "body").exists() == (flow not in {"loops", "waits"})


def test_a_body_that_cannot_be_stopped_ends_with_its_process_and_is_tried_again(started, project):
    handle = started("slow", "blocked")
    assert handle.wait(timeout=240, progress=False) == 1
    first, second = handle.execution.attempts
    assert (first.outcome, second.outcome) == ("failed", "completed")
    assert "time limit of 2 s" in (first.error or "")
    done = project.run("-c", LIMITS.format(exec_id=handle.exec_id))
    assert done.stdout == "{'quick': 600.0, 'unlimited': None}\n"  # the limit of the flow is none of its calls'


def test_time_that_a_body_waits_for_an_answer_does_not_count(started, eventually):
    handle = started("slow", "asks")
    eventually(lambda: handle.status == "waiting", what="the question")
    KitaruClient().executions.input(handle.exec_id, value=True)
    assert handle.wait(timeout=240, progress=False) is True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout must be a number of seconds above 0"),
        ({"timeout": -1}, "timeout must be"),
        ({"timeout": float("nan")}, "timeout must be"),
        ({"timeout": True}, "timeout must be"),
        ({"runtime": "proces"}, "Did you mean 'process'"),
        ({"runtime": "process", "max_memory": "2XB"}, "max_memory must be an amount of memory"),
        ({"max_memory": "2GB"}, 'add runtime="process"'),
        ({"runtime": "process", "zenml": {"step_operator": "pods"}}, "step_operator.* contradict each other"),
    ],
)
def test_what_cannot_be_is_refused_at_decoration(options, said):
    with pytest.raises(KitaruUsageError, match=said):
        checkpoint(**options)(lambda: None)


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
