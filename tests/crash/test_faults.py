"""The worker dies in every way and everywhere, and nothing that was completed is lost or done twice."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from functools import partial

from kitaru._host import control
from tests.crash.faults import FAULTS, table

# Where and how the worker dies, and how often each checkpoint is started until the execution has its result.
INTERRUPTED = "first 1, second 2, third 1"
ONE_BY_ONE = "first 1, second 1, third 1"
BY_ITSELF = {
    "worker, SIGKILL": ("three", "second kill", INTERRUPTED),
    "worker, SIGSEGV": ("three", "second segv", INTERRUPTED),
    "worker, memory": ("three", "second memory", INTERRUPTED),
    "worker, exit": ("three", "second exit1", INTERRUPTED),
    "worker, exit 0": ("three", "second exit0", INTERRUPTED),
    "worker, concurrent": ("fan", "branch kill", "the completed ones 1, the interrupted ones 2"),
}
BY_HAND = {
    "worker, storing": ("half_stored", "storing kill", "first 1, make 2, look 1"),
    "worker, stored": ("half_stored", "stored kill", "first 1, make 2, look 1"),
    "worker, between": ("three", "between kill", ONE_BY_ONE),
    "worker, after the last": ("three", "last kill", ONE_BY_ONE),
}
RESULTS = {"three": 3, "fan": sum(n * n for n in range(8)), "half_stored": "half and half"}
KILLS = 30
LENGTH = 20


def test_with_retries_a_worker_that_died_in_a_checkpoint_is_replaced(faults, observed):
    faults.take("start_cases.py")
    seen = faults.script("replaced_workers.py", json.dumps(BY_ITSELF), "1")
    reasons = {}
    for fault, (flow, _told, runs) in BY_ITSELF.items():
        status, exec_id, result, attempts = seen[fault]
        assert (status, result) == ("completed", RESULTS[flow]), (fault, attempts)
        assert [attempt[:2] for attempt in attempts] == [[1, "lost"], [2, "completed"]], (fault, attempts)
        reasons[fault] = attempts[0][2]
        if flow == "fan":
            again = [f"branch{n}" for n in range(2, 8)]
            assert sorted(faults.lines(exec_id)) == sorted(["branch0", "branch1", *again, *again])
        else:
            assert faults.runs(exec_id) == runs, fault
        # How a process ends that has no memory left depends on who asks for some first.
        how = "its memory ran out" if fault == "worker, memory" else reasons[fault]
        observed(fault, f"goes on by itself: {how}", "`retries` that are left", runs)
    assert "SIGKILL" in reasons["worker, SIGKILL"]
    assert "SIGSEGV" in reasons["worker, SIGSEGV"]
    assert reasons["worker, memory"].startswith("its runner")


def test_the_documentation_has_a_row_for_every_fault():
    assert [row.split(" | ")[0].removeprefix("| ") for row in table()] == list(FAULTS.values())


def test_without_retries_a_lost_execution_fails_and_goes_on_as_soon_as_it_is_retried(faults, observed):
    """Retried at once: the process that marks the execution failed is still on its way then."""
    faults.take("start_cases.py")
    seen = faults.script("retried_at_once.py", json.dumps(BY_HAND), "0")
    for fault, (flow, _told, runs) in BY_HAND.items():
        exec_id, failed, again, result = seen[fault]
        assert failed == "failed: its runner was killed by signal 9 (SIGKILL)", fault
        assert (again, result) == ("completed", RESULTS[flow]), fault
        assert faults.runs(exec_id) == runs, fault
        observed(fault, failed, "`kitaru executions retry`", runs)


def test_a_worker_that_dies_at_either_end_of_the_body_is_replaced(faults, observed):
    runs = {}
    for fault in ("worker, before", "worker, result"):
        seen = faults.script("killed_around_body.py", env=faults.arm(fault))
        exec_id, status, result, attempts = seen
        assert (status, result, faults.armed()) == ("completed", 3, []), fault
        runs[fault] = faults.runs(exec_id)
        assert runs[fault] == ONE_BY_ONE
        assert attempts[-1][0] == "completed"
        assert fault == "worker, before" or "SIGKILL" in attempts[-1][1], attempts
        observed(fault, "goes on by itself", "`retries` that are left", runs[fault])


def test_a_worker_that_dies_before_the_next_attempt_is_due_is_replaced_and_waits_on(faults, observed):
    exec_id, status, result, attempts, waited = faults.script("killed_in_delay.py", env=faults.arm("worker, delay"))
    assert (status, result, faults.armed()) == ("completed", 3, [])
    assert (attempts, waited) == (["failed", "completed"], [True])
    runs = faults.runs(exec_id)
    assert runs == ONE_BY_ONE
    observed("worker, delay", "waits on, and is tried again by itself", "`retries` that are left", runs)


def test_a_worker_that_dies_while_it_waits_asks_again(faults, observed, eventually):
    ids = faults.script("ask_three_times.py", faults.arm("worker, pausing")["KITARU_CRASH_POINT"])
    eventually(lambda: not faults.armed(), timeout=300, what="the death of the pausing worker")
    faults.kill(*[faults.processes(exec_id)[1] for exec_id in ids[:2]])
    failed, seen = faults.script("answer_after_death.py", *ids)
    assert failed == "failed: its runner was killed by signal 9 (SIGKILL)"
    assert seen == [["completed", exec_id[:4].upper()] for exec_id in ids]
    assert {faults.runs(exec_id) for exec_id in ids} == {"first 1, tell 1"}
    observed("worker, waiting", "asks again by itself", "`retries` that are left", "first 1, tell 1")
    observed("worker, pausing", "waits on", "the answer", "first 1, tell 1")


def test_thirty_kills_at_random_moments_lose_and_repeat_nothing(
    faults, observed, eventually, record_property, own_host
):
    """Three flows of twenty checkpoints side by side, each killed ten times, at moments that a printed seed decides.

    Its worker is killed, or supervisor and worker, or these and the host, for which a command starts another one.
    """
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    record_property("seed", seed)
    moments = random.Random(seed)
    begin = partial(faults.start, "course", LENGTH, 0.4, retries=200)
    ids = begin(times=3)
    gone: set[int] = set()
    for kill in range(KILLS):
        exec_id = ids[kill % 3 - 3]
        if faults.state(exec_id).get("ended"):  # it was quicker than its killer
            ids += begin()
            exec_id = ids[-1]
        before = len(faults.lines(exec_id))
        worker = eventually(partial(_worker, faults, exec_id, gone), timeout=300, what=f"a worker (seed {seed})")
        if moments.random() < 0.8:  # else it still loads
            eventually(partial(_has_gone_on, faults, exec_id, before), timeout=300, what=f"progress (seed {seed})")
        time.sleep(moments.uniform(0, 0.6))  # the moment is what this is about
        gone.add(worker)
        supervisor, *_ = faults.processes(exec_id)
        hosts = [host["pid"] for host in control.running()]
        killed = {"worker": [worker], "both": [supervisor, worker], "all": [*hosts, supervisor, worker]}
        what = moments.choices(list(killed), [6, 3, 1])[0]
        for pid in killed[what]:
            with suppress(ProcessLookupError):
                faults.kill(pid)
        if what == "all":
            faults.project.kitaru("stack", "current", loads=True)
    seen = faults.script("collect_courses.py", *ids)
    for exec_id, (status, result, starts, attempts) in zip(ids, seen, strict=True):
        tokens = faults.lines(exec_id)
        assert status == "completed", seed
        assert attempts == ["lost"] * (len(attempts) - 1) + ["completed"], seed
        assert [token.partition(":")[0] for token in result] == [str(n) for n in range(LENGTH)], seed
        # The run that completed is the last one of each checkpoint, and what came after it was built on its result.
        assert result == list({token.partition(":")[0]: token for token in tokens}.values()), (seed, tokens)
        assert [token.partition(":")[0] for token in tokens] == sorted(
            (token.partition(":")[0] for token in tokens), key=int
        ), (seed, tokens)
        assert all(statuses.count("completed") == 1 and statuses[-1] == "completed" for statuses in starts.values())
    observed(
        "worker, random", "goes on by itself", "`retries` that are left", "completed ones 1, interrupted ones again"
    )


def _worker(faults, exec_id, gone):
    return next((pid for pid in faults.processes(exec_id)[1:] if pid not in gone), None)


def _has_gone_on(faults, exec_id, before):
    return len(faults.lines(exec_id)) > before or faults.state(exec_id).get("ended")
