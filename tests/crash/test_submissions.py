"""Those die that take part when a runner submits a flow for a program: the runner, the host, the program."""

from __future__ import annotations

import json
import os
import signal

import psutil
import pytest

from kitaru._host import control

THREE = "first 1, second 1, third 1"
PROGRAM = "cold_three.py"


pytestmark = pytest.mark.usefixtures("own_host")


def begun(faults, *points):
    """Start a flow from a program that loads no ZenML."""
    return faults.project.popen(faults.take(PROGRAM), env=faults.arm(*points))


def seen(faults, program):
    """Give what a program saw: the one execution that there is, its value, and whether the program loaded ZenML."""
    stdout, stderr = program.communicate(timeout=300)
    assert program.returncode == 0, stderr
    exec_id, value, loaded = json.loads(stdout.removeprefix("OUT"))
    assert value == 3
    assert faults.armed() == []
    return exec_id, loaded


def stopped(faults, eventually):
    """The process that has stopped at a crash point."""
    (runner,) = eventually(
        lambda: [p for p in _forks() if not faults.armed() and p.status() == psutil.STATUS_STOPPED],
        what="the runner's stop",
    )
    return runner


def _forks():
    return [child for host in control.running() for child in psutil.Process(host["pid"]).children(recursive=True)]


def test_a_runner_that_dies_as_it_submits_leaves_one_execution_that_runs_once(faults, observed):
    exec_id, loaded = seen(faults, begun(faults))
    assert not loaded
    ids = [exec_id]
    rows = {
        "submitter, asked": "hosted, before",
        "submitter, compiled": "hosted, compiled",
        "submitter, created": "hosted, created",
        "submitter, handing over": "hosted, handing over",
        "submitter, renamed": "hosted, renamed",
    }
    for point, row in rows.items():
        exec_id, loaded = seen(faults, begun(faults, point))
        assert loaded, point
        assert faults.runs(exec_id) == THREE, point
        ids.append(exec_id)
        observed(row, "goes on by itself", "nothing", THREE)
    assert sorted(faults.script("known_ids.py")) == sorted(ids)


def test_a_runner_that_is_stopped_as_it_submits_is_given_up(faults, observed, eventually):
    program = begun(faults, "submitter, created:1:stop")
    runner = stopped(faults, eventually)
    exec_id, _ = seen(faults, program)
    assert not runner.is_running()
    assert faults.runs(exec_id) == THREE
    assert faults.script("known_ids.py") == [exec_id]
    observed("hosted, stopped", "goes on by itself after ten seconds", "nothing", THREE)


def test_a_host_that_dies_as_its_fork_submits_is_not_missed(faults, observed, eventually):
    program = begun(faults, "submitter, compiled:1:stop")
    runner = stopped(faults, eventually)
    (host,) = control.running()
    os.kill(host["pid"], signal.SIGKILL)
    runner.resume()
    exec_id, _ = seen(faults, program)
    assert faults.runs(exec_id) == THREE
    assert faults.script("known_ids.py") == [exec_id]
    observed("hosted, host", "goes on by itself", "nothing", THREE)


def test_nothing_is_started_for_a_program_that_has_gone_and_what_was_started_goes_on(
    faults, observed, eventually, home
):
    program = begun(faults, "submitter, asked:1:stop")
    runner = stopped(faults, eventually)
    program.kill()
    program.wait()
    runner.resume()
    eventually(lambda: not runner.is_running(), what="the end of the runner")
    assert faults.script("known_ids.py") == []
    observed("hosted, program", "there is none", "nothing", "none")

    program = begun(faults, "submitter, created:1:stop")
    runner = stopped(faults, eventually)
    program.kill()
    program.wait()
    runner.resume()
    [exec_id] = faults.script("known_ids.py")
    assert faults.script("recover_all.py", exec_id) == [["completed"], [], [["completed", 3]]]
    assert faults.runs(exec_id) == THREE
    observed("hosted, program later", "runs", "nothing", THREE)
    eventually(lambda: not home.processes(), what="the end of every process")
