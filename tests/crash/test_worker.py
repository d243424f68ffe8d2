"""The worker is killed, and nothing that was completed is lost or done twice."""

from __future__ import annotations

import json
import os
import signal

import psutil
import pytest

THREE = """
    import os, time
    from pathlib import Path
    from kitaru import checkpoint, flow

    def ran(name):
        with Path("ran.txt").open("a") as file:
            print(name, file=file, flush=True)

    @checkpoint(cache=False)
    def first() -> int:
        ran("first")
        return 1

    @checkpoint(cache=False)
    def second(x: int) -> int:
        ran("second")
        Path("pid").write_text(str(os.getpid()))
        while not Path("go").exists():
            time.sleep(0.02)
        return x + 1

    @checkpoint(cache=False)
    def third(x: int) -> int:
        ran("third")
        return x + 1

    @flow(cache=False)
    def three() -> int:
        return third(second(first()))
"""


def _start(project, retries):
    project.write("three.py", THREE)
    project.write(
        "submit.py",
        f"""
        from three import three
        print(three.run(retries={retries}).exec_id)
        """,
    )
    return project.run("submit.py").stdout.strip()


def _kill_second(project, eventually, sign=signal.SIGKILL):
    pid_file = project.path / "pid"
    pid = eventually(lambda: pid_file.exists() and pid_file.read_text(), timeout=300, what="the second checkpoint")
    os.kill(int(pid), sign)
    pid_file.unlink()


def _times(project):
    return (project.path / "ran.txt").read_text().split()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSEGV], ids=lambda s: s.name)
def test_a_killed_worker_is_replaced_while_retries_remain(project, eventually, sign):
    exec_id = _start(project, retries=1)
    _kill_second(project, eventually, sign)
    (project.path / "go").touch()
    project.write(
        "collect.py",
        """
        import sys, json
        from kitaru import FlowHandle
        handle = FlowHandle.from_id(sys.argv[1])
        assert handle.wait(timeout=300) == 3
        execution = handle.execution
        print(json.dumps([a.model_dump(mode="json") for a in execution.attempts]))
        """,
    )
    attempts = json.loads(project.run("collect.py", exec_id).stdout)
    assert _times(project) == ["first", "second", "second", "third"]
    assert [a["number"] for a in attempts] == [1, 2]
    assert [a["outcome"] for a in attempts] == ["lost", "completed"]
    assert sign.name in attempts[0]["error"]
    assert sign.name in attempts[1]["reason"]
    assert all(a["started_at"] and a["ended_at"] for a in attempts)


def test_without_retries_wait_says_that_the_runner_was_lost(project, eventually):
    exec_id = _start(project, retries=0)
    project.write(
        "collect.py",
        """
        import pickle, sys, time
        from kitaru import FlowHandle, KitaruRunnerLostError
        try:
            FlowHandle.from_id(sys.argv[1]).wait(timeout=300)
        except KitaruRunnerLostError as error:
            print(time.time())
            again = pickle.loads(pickle.dumps(error))
            assert again.exec_id == error.exec_id == sys.argv[1] and again.status == "failed"
            assert again.failure_origin == "runner" and "SIGKILL" in str(again)
            assert again.recovery == f"kitaru executions retry {sys.argv[1]}"
        """,
    )
    waiting = project.popen("collect.py", exec_id)
    _kill_second(project, eventually)
    out, err = waiting.communicate(timeout=300)
    assert waiting.returncode == 0, err
    assert out, err
    assert _times(project) == ["first", "second"]


def test_both_processes_gone_is_found_by_the_next_look(project, home, eventually):
    exec_id = _start(project, retries=3)
    pid_file = project.path / "pid"
    eventually(lambda: pid_file.exists() and pid_file.read_text(), timeout=300, what="the second checkpoint")
    state = json.loads(next(home.zenml.rglob("runner.json")).read_text())
    for process in state["processes"]:
        os.kill(process["pid"], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(p["pid"]) for p in state["processes"] if psutil.pid_exists(p["pid"])], timeout=10)
    project.write(
        "look.py",
        """
        import sys
        from kitaru import FlowHandle
        handle = FlowHandle.from_id(sys.argv[1])
        print(handle.status, handle.execution.status_reason)
        """,
    )
    assert project.run("look.py", exec_id).stdout.startswith("failed its runner's processes are gone")


def test_sigterm_to_the_supervisor_stops_cleanly(project, home, eventually):
    exec_id = _start(project, retries=3)
    pid_file = project.path / "pid"
    eventually(lambda: pid_file.exists() and pid_file.read_text(), timeout=300, what="the second checkpoint")
    state = json.loads(next(home.zenml.rglob("runner.json")).read_text())
    os.kill(state["processes"][0]["pid"], signal.SIGTERM)
    eventually(lambda: not home.processes(), timeout=300, what="the end of every process")
    project.write(
        "look.py",
        """
        import sys
        from kitaru import FlowHandle
        execution = FlowHandle.from_id(sys.argv[1]).execution
        print(execution.status, execution.failure.origin, [c.status for c in execution.checkpoints])
        """,
    )
    assert project.run("look.py", exec_id).stdout == "failed runner ['completed', 'failed']\n"
