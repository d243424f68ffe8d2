"""The worker is killed, and nothing that was completed is lost or done twice."""

from __future__ import annotations

import json
import os
import signal

import psutil
import pytest


def _start(project, retries, env=None):
    project.take("crash/gated_second.py", "crash/submit_gated.py")
    return project.run("submit_gated.py", str(retries), env=env).stdout.strip()


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
    project.take("crash/collect_attempts.py")
    attempts = json.loads(project.run("collect_attempts.py", exec_id).stdout)
    assert _times(project) == ["first", "second", "second", "third"]
    assert [a["number"] for a in attempts] == [1, 2]
    assert [a["outcome"] for a in attempts] == ["lost", "completed"]
    assert sign.name in attempts[0]["error"]
    assert sign.name in attempts[1]["reason"]
    assert all(a["started_at"] and a["ended_at"] for a in attempts)


def test_without_retries_wait_says_that_the_runner_was_lost(project, eventually):
    exec_id = _start(project, retries=0)
    project.take("expecting.py", "crash/wait_for_lost.py")
    waiting = project.popen("wait_for_lost.py", exec_id)
    _kill_second(project, eventually)
    out, err = waiting.communicate(timeout=300)
    assert waiting.returncode == 0, err
    assert out, err
    assert _times(project) == ["first", "second"]


def test_both_processes_gone_is_found_by_the_next_look_where_no_host_takes_over(project, home, eventually):
    no_host = {"KITARU_HOST": "off"}
    exec_id = _start(project, retries=3, env=no_host)
    pid_file = project.path / "pid"
    eventually(lambda: pid_file.exists() and pid_file.read_text(), timeout=300, what="the second checkpoint")
    state = json.loads(next(home.zenml.rglob("runner.json")).read_text())
    for process in state["processes"]:
        os.kill(process["pid"], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(p["pid"]) for p in state["processes"] if psutil.pid_exists(p["pid"])], timeout=10)
    project.take("crash/look_at_status.py")
    assert project.run("look_at_status.py", exec_id, env=no_host).stdout.startswith(
        "failed its runner's processes are gone"
    )


def test_sigterm_to_the_supervisor_stops_cleanly(project, home, eventually):
    exec_id = _start(project, retries=3)
    pid_file = project.path / "pid"
    eventually(lambda: pid_file.exists() and pid_file.read_text(), timeout=300, what="the second checkpoint")
    state = json.loads(next(home.zenml.rglob("runner.json")).read_text())
    os.kill(state["processes"][0]["pid"], signal.SIGTERM)
    eventually(lambda: not home.processes(), timeout=300, what="the end of every process")
    project.take("crash/look_at_failure.py")
    assert project.run("look_at_failure.py", exec_id).stdout == "failed runner ['completed', 'failed']\n"
