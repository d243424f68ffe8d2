"""The other processes die: the one that submits, the supervisor, both of a runner, the whole machine."""

from __future__ import annotations

import json
import os
import signal

import psutil

from kitaru._host import control

THREE = "first 1, second 1, third 1"
HELD_AGAIN = "first 1, held 2, third 1"
GONE = "failed: its runner's processes are gone: killed, or the machine was restarted"


def test_a_submitter_that_dies_leaves_an_execution_that_runs_or_says_why_not(faults, home, observed, eventually):
    points = ["submitter, created", "submitter, handing over", "submitter, renamed", "submitter, handed over"]
    ids: list[str] = []
    for point in points:
        done = faults.start("three", env=faults.arm(point), check=False)
        assert (done.returncode, faults.armed()) == (-signal.SIGKILL, []), point
        known = faults.script("known_ids.py")
        ids += [exec_id for exec_id in known if exec_id not in ids]
        assert len(ids) == points.index(point) + 1, point
    before, recovered, after = faults.script("recover_all.py", *ids)
    assert before == [
        "failed: the process that submitted it ended before its runner was started",
        "failed: the process that submitted it ended before its runner was started",
        GONE,
        "completed",
    ]
    assert sorted(recovered) == sorted(ids[:3])
    assert after == [["completed", 3]] * 4
    for point, exec_id, outcome in zip(points, ids, before, strict=True):
        assert faults.runs(exec_id) == THREE
        goes_on = outcome == "completed"
        observed(point, "runs" if goes_on else outcome, "nothing" if goes_on else "`kitaru executions recover`", THREE)
    eventually(lambda: not home.processes(), what="the end of every process")


def test_a_supervisor_that_dies_takes_nothing_with_it(faults, home, observed, eventually, own_host):
    [before] = faults.start("three", "", retries=1, env=faults.arm("supervisor, before"))
    [restarting] = faults.start("three", "second kill", retries=1, env=faults.arm("supervisor, before:2"))
    held = faults.start("holding", times=3)
    running, stopped, both = held
    [again] = faults.start("holding", retries=1)
    [reboot, lost] = [*faults.start("holding"), *faults.start("holding", retries=1)]
    held += [again, reboot, lost]
    eventually(lambda: all(map(faults.is_held, held)), timeout=300, what="six executions in their second checkpoint")
    faults.kill(faults.processes(running)[0])
    faults.kill(faults.processes(stopped)[0], sign=signal.SIGTERM)
    faults.kill(*faults.processes(both))
    faults.kill(*faults.processes(again))
    eventually(lambda: not faults.armed(), timeout=300, what="the death of a supervisor that replaces its worker")
    faults.let_go(running, stopped, both, again)
    ended = [before, restarting, running, stopped, both, again]
    stop = "failed: it was stopped: its supervisor was asked to end (SIGTERM)"
    became, *_ = faults.script("outcomes_of.py", *ended)
    assert became == ["completed", "completed", "completed", stop, GONE, "completed"]

    for host in control.running():
        faults.kill(host["pid"])
    faults.kill(*faults.processes(reboot), *faults.processes(lost))
    _as_after_a_reboot(home, reboot)
    faults.let_go(reboot, lost)
    faults.project.kitaru("stack", "current", loads=True)  # starts a host
    seen = [*ended, reboot, lost]
    eventually(lambda: faults.processes(lost) != [], what="a supervisor")
    became, recovered, after = faults.script("recover_all.py", *seen)
    assert became[-2:] == [GONE, "completed"]
    assert sorted(recovered) == sorted([stopped, both, reboot])
    assert after == [["completed", 3]] * 8
    rows = {
        "supervisor, before": ("goes on by itself", "`retries` that are left", THREE),
        "supervisor, restarting": ("goes on by itself", "`retries` that are left", "first 1, second 2, third 1"),
        "supervisor, running": ("goes on by itself", "nothing", "first 1, held 1, third 1"),
        "supervisor, SIGTERM": (stop, "`kitaru executions recover`", HELD_AGAIN),
        "both": (GONE, "`kitaru executions recover`", HELD_AGAIN),
        "both, again": ("goes on by itself", "`retries` that are left", HELD_AGAIN),
        "reboot": (GONE, "`kitaru executions recover`", HELD_AGAIN),
        "all": ("goes on by itself once a host runs", "`retries` that are left", HELD_AGAIN),
    }
    for exec_id, (fault, row) in zip(seen, rows.items(), strict=True):
        assert faults.runs(exec_id) == row[2], fault
    for fault, row in rows.items():
        observed(fault, *row)
    eventually(lambda: not home.processes(), what="the end of every process")


def _as_after_a_reboot(home, exec_id):
    """Have the runner's numbers belong to processes that live, of this boot, as others of the same number would."""
    file = home.zenml / "kitaru" / "executions" / exec_id / "runner.json"
    state = json.loads(file.read_text())
    started = str(int(psutil.Process().create_time()))
    state["processes"] = [
        {"pid": os.getpid(), "started": started, "boot": "00000000-0000-0000-0000-000000000000"},
        {**state["processes"][1], "pid": os.getppid()},
    ]
    file.write_text(json.dumps(state))
