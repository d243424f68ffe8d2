"""Whoever steers an execution dies over it, or is not alone; and what is retried is not what it was."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import psutil

CROWD = 6


def _paused_and_failed(faults, home, eventually, death):
    """Return the ids of an execution that waits for an answer and of one that has died, neither with a runner."""
    ids = faults.script("paused_and_dead.py", death)
    eventually(lambda: not home.processes(), what="the end of both runners")
    return ids


def test_whoever_answers_or_retries_and_dies_leaves_an_execution_that_can_go_on(faults, home, observed, eventually):
    paused, failed = _paused_and_failed(faults, home, eventually, "between kill")
    for point, command in {"answering": ("input", paused, "word"), "retrying": ("retry", failed)}.items():
        done = faults.script("steer_execution.py", *command, env=faults.arm(point), check=False)
        assert (done.returncode, faults.armed()) == (-signal.SIGKILL, []), (point, done)
    became, recovered, after = faults.script("recover_steered.py", paused, failed)
    assert became == ["waiting", "failed"]
    assert sorted(recovered) == sorted([paused, failed])
    assert after == [["completed", "WORD"], ["completed", 3]]
    assert faults.runs(paused) == "first 1, tell 1"
    assert faults.runs(failed) == "first 1, second 1, third 1"
    observed("answering", "stays paused, with its answer", "`kitaru executions recover`, `resume`", faults.runs(paused))
    observed("retrying", "failed, as it was", "`kitaru executions recover`, `retry`", faults.runs(failed))


def test_of_several_who_retry_or_answer_one_starts_a_runner(faults, home, observed, eventually):
    paused, failed = _paused_and_failed(faults, home, eventually, "second kill")
    crowd = faults.take("one_of_a_crowd.py")
    processes = [faults.project.popen(crowd, paused, failed, stdin=True) for _ in range(CROWD)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, ""), out
    after = faults.script("collect_ends.py", paused, failed)
    assert after == [["completed", "WORD", 1], ["completed", 3, 2]]
    assert faults.runs(paused) == "first 1, tell 1"
    assert faults.runs(failed) == "first 1, second 2, third 1"
    observed("retried twice", "goes on once", "nothing", faults.runs(failed))
    observed("answered twice", "goes on once", "nothing", faults.runs(paused))


def test_a_runner_that_ends_late_leaves_the_retry_of_its_execution_alone(faults, eventually):
    exec_id, failed = faults.script("fail_at_its_end.py", env=faults.arm("worker, failed:1:stop"))
    late = psutil.Process(faults.processes(exec_id)[1])
    eventually(lambda: late.status() == psutil.STATUS_STOPPED, timeout=300, what="a runner that has published its end")
    faults.script("steer_execution.py", "retry", exec_id)
    late.resume()
    psutil.wait_procs([late], timeout=300)
    [[again, result, _attempts]] = faults.script("collect_ends.py", exec_id)
    assert (failed, again, result, faults.armed()) == ("failed: this once", "completed", 3, [])


def test_a_question_that_is_aborted_by_halves_cancels_the_execution(faults, home):
    """ZenML resolves the question and then stops the run: whoever aborts may die between the two."""
    exec_id = faults.script("ask_at_length.py")
    with closing(sqlite3.connect(home.database, timeout=60)) as database, database:
        database.execute("UPDATE run_wait_condition SET status = 'resolved', resolution = 'abort'")
    status = faults.script("await_finish.py", exec_id)
    assert status == "cancelled"


def test_a_question_that_is_answered_as_another_one_is_refused_lets_that_one_be_asked(faults, eventually):
    """ZenML takes one open question a run: the runner is stopped between the refusal and its look for the open one."""
    env = faults.arm("worker, question refused:1:stop")
    exec_id, first = faults.script("ask_two_at_once.py", "start", env=env)
    runner = psutil.Process(faults.processes(exec_id)[1])
    eventually(lambda: runner.status() == psutil.STATUS_STOPPED, timeout=300, what="a question that is refused")
    faults.script("ask_two_at_once.py", "answer", exec_id)
    runner.resume()
    status, answers = faults.script("ask_two_at_once.py", "finish", exec_id)
    assert (first in {"a", "b"}, status, answers) == (True, "completed", [1, 2])


def test_code_that_was_changed_before_a_retry_is_noticed(faults):
    """Completed checkpoints keep their results, and the execution says which of them were written otherwise."""
    # What each version of the program has in the place of its lines.
    failing = {"return str(x)": "raise ValueError('no')"}
    other_value = {"return 20": "return 21"}
    other_order = {"return report(double(load()))": "x = double(1); return report(load() + x)"}
    _change_code(faults, failing)
    first, second = faults.script("fail_changing.py")
    _change_code(faults, other_value)
    seen = faults.script("retry_changed.py", first)
    assert seen == ["completed", "40", ["load"]]
    assert faults.runs(first) == "load 1, double 1, report 2"
    # The same checkpoints in another order: what is recorded no longer answers what is asked.
    _change_code(faults, other_order)
    seen = faults.script("retry_reordered.py", second)
    message, origin, status = seen
    assert (origin, status) == ("divergence", "failed")
    assert "its call 1 was checkpoint 'load' and is 'double' now" in message
    assert faults.runs(second) == "load 1, double 1, report 1"
    # Put right, it goes on.
    _change_code(faults, {})
    status, result, _changed = faults.script("retry_changed.py", second)
    assert (status, result) == ("completed", "40")
    assert faults.runs(second) == "load 1, double 1, report 2"


def _change_code(faults, changes):
    """Put the program with these lines changed into the project."""
    file = faults.project.path / faults.take("changing.py")
    code = file.read_text()
    for line, changed in changes.items():
        assert code.count(line) == 1, line
        code = code.replace(line, changed)
    file.write_text(code)


def test_recover_takes_what_was_lost_and_nothing_else(faults, home, eventually):
    lost, paused, wrong, held = faults.script("lost_and_others.py")
    eventually(lambda: faults.is_held(held), what="the held checkpoint")
    recovered, again, statuses = faults.script("recover_twice.py", lost, paused, wrong, held)
    assert (recovered, again) == ([lost], [])
    assert statuses == ["completed", "waiting", "failed", "running"]
    faults.let_go(held)
    assert faults.script("collect_ends.py", held) == [["completed", 3, 1]]


def test_a_call_that_was_cut_off_does_not_run_on_in_an_execution_that_has_ended(faults, home, eventually):
    exec_id, before, after, attempts, again = faults.script("cut_off_calls.py")
    eventually(lambda: not home.processes(), what="the end of every process")
    lost = ["failed", "its runner was lost before it had ended"]
    first = {"first": ["completed", None]}
    assert before == [{**first, "second": lost}, *[{**first, "second": ["running", None]}] * 2]
    assert after == [{**first, "second": lost}, {**first, "second": ["cancelled", None]}, {**first, "second": lost}]
    assert attempts == [["lost", "failed"], ["lost", "cancelled"], ["lost", "cancelled"]]
    # what was closed is made again by a retry
    assert again == {**first, "second": ["completed", None], "third": ["completed", None]}
    assert faults.runs(exec_id) == "first 1, second 2, third 1"
