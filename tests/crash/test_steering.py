"""Whoever steers an execution dies over it, or is not alone; and what is retried is not what it was."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import psutil

CROWD = 6


def _paused_and_failed(faults, home, eventually, death):
    """Return the ids of an execution that waits for an answer and of one that has died, neither with a runner."""
    ids = faults.script(
        """
        paused, failed = asking.run(0.1), three.run(sys.argv[1])
        until(lambda: [a.outcome for a in executions.get(paused.exec_id).attempts] == ["waiting"])
        ended(failed.exec_id)
        out((paused.exec_id, failed.exec_id))
        """,
        death,
    )
    eventually(lambda: not home.processes(), what="the end of both runners")
    return ids


def test_whoever_answers_or_retries_and_dies_leaves_an_execution_that_can_go_on(faults, home, observed, eventually):
    paused, failed = _paused_and_failed(faults, home, eventually, "between kill")
    for point, code in {
        "answering": f"executions.input({paused!r}, value='word')",
        "retrying": f"executions.retry({failed!r})",
    }.items():
        done = faults.script(code, env=faults.arm(point), check=False)
        assert (done.returncode, faults.armed()) == (-signal.SIGKILL, []), (point, done)
    became, recovered, after = faults.script(
        """
        ids = sys.argv[1:]
        became = [str(executions.get(exec_id).status) for exec_id in ids]
        recovered = [handle.exec_id for handle in executions.recover()]
        out((became, recovered, [(ended(exec_id), executions.result(exec_id)) for exec_id in ids]))
        """,
        paused,
        failed,
    )
    assert became == ["waiting", "failed"]
    assert sorted(recovered) == sorted([paused, failed])
    assert after == [["completed", "WORD"], ["completed", 3]]
    assert faults.runs(paused) == "first 1, tell 1"
    assert faults.runs(failed) == "first 1, second 1, third 1"
    observed("answering", "stays paused, with its answer", "`kitaru executions recover`, `resume`", faults.runs(paused))
    observed("retrying", "failed, as it was", "`kitaru executions recover`, `retry`", faults.runs(failed))


def test_of_several_who_retry_or_answer_one_starts_a_runner(faults, home, observed, eventually):
    paused, failed = _paused_and_failed(faults, home, eventually, "second kill")
    crowd = faults.write(
        """
        from kitaru import KitaruStateError
        def tried(act):
            try:
                act()
            except KitaruStateError as error:
                return str(error)
            return ""
        paused, failed = sys.argv[1:3]
        executions.list()  # everything is loaded before the whistle
        print("ready", flush=True)
        sys.stdin.readline()
        out((tried(lambda: executions.retry(failed)), tried(lambda: executions.input(paused, value="word"))))
        """
    )
    processes = [faults.project.popen(crowd, paused, failed, stdin=True) for _ in range(CROWD)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, ""), out
    after = faults.script(
        "out([(ended(e), executions.result(e), len(executions.get(e).attempts)) for e in sys.argv[1:]])",
        paused,
        failed,
    )
    assert after == [["completed", "WORD", 1], ["completed", 3, 2]]
    assert faults.runs(paused) == "first 1, tell 1"
    assert faults.runs(failed) == "first 1, second 2, third 1"
    observed("retried twice", "goes on once", "nothing", faults.runs(failed))
    observed("answered twice", "goes on once", "nothing", faults.runs(paused))


CHANGING = """
    import sys
    from kitaru import checkpoint, flow
    from mortal import ran

    @checkpoint(cache=False)
    def load() -> int:
        ran("load")
        return {loaded}

    @checkpoint(cache=False)
    def double(x: int) -> int:
        ran("double")
        return 2 * x

    @checkpoint(cache=False)
    def report(x: int) -> str:
        ran("report")
        {report}

    @flow(cache=False)
    def changing() -> str:
        {body}
"""
FORWARD = "return report(double(load()))"


def test_a_runner_that_ends_late_leaves_the_retry_of_its_execution_alone(faults, eventually):
    exec_id, failed = faults.script(
        "handle = three.run('second raise'); out((handle.exec_id, ended(handle.exec_id)))",
        env=faults.arm("worker, failed:1:stop"),
    )
    late = psutil.Process(faults.processes(exec_id)[1])
    eventually(lambda: late.status() == psutil.STATUS_STOPPED, timeout=300, what="a runner that has published its end")
    faults.script(f"executions.retry({exec_id!r})")
    late.resume()
    psutil.wait_procs([late], timeout=300)
    again, result = faults.script(f"out((ended({exec_id!r}), executions.result({exec_id!r})))")
    assert (failed, again, result, faults.armed()) == ("failed: this once", "completed", 3, [])


def test_a_question_that_is_aborted_by_halves_cancels_the_execution(faults, home):
    """ZenML resolves the question and then stops the run: whoever aborts may die between the two."""
    exec_id = faults.script(
        "exec_id = asking.run(600.0).exec_id; until(lambda: executions.pending_waits(exec_id)); out(exec_id)"
    )
    with closing(sqlite3.connect(home.database, timeout=60)) as database, database:
        database.execute("UPDATE run_wait_condition SET status = 'resolved', resolution = 'abort'")
    status = faults.script(
        """
        until(lambda: executions.get(sys.argv[1]).status.is_finished)
        out(executions.get(sys.argv[1]).status)
        """,
        exec_id,
    )
    assert status == "cancelled"


def test_code_that_was_changed_before_a_retry_is_noticed(faults):
    """Completed checkpoints keep their results, and the execution says which of them were written otherwise."""
    faults.project.write("changing.py", CHANGING.format(loaded=20, report="raise ValueError('no')", body=FORWARD))
    first, second = faults.script(
        """
        from changing import changing
        ids = [changing.run().exec_id for _ in range(2)]
        assert all(ended(e) == "failed: no" for e in ids), [ended(e) for e in ids]
        out(ids)
        """
    )
    faults.project.write("changing.py", CHANGING.format(loaded=21, report="return str(x)", body=FORWARD))
    seen = faults.script(
        """
        executions.retry(sys.argv[1])
        status = ended(sys.argv[1])
        execution = executions.get(sys.argv[1])
        out((status, executions.result(sys.argv[1]), execution.changed_code))
        """,
        first,
    )
    assert seen == ["completed", "40", ["load"]]
    assert faults.runs(first) == "load 1, double 1, report 2"
    # The same checkpoints in another order: what is recorded no longer answers what is asked.
    body = "x = double(1); return report(load() + x)"
    faults.project.write("changing.py", CHANGING.format(loaded=20, report="return str(x)", body=body))
    seen = faults.script(
        """
        from kitaru import KitaruDivergenceError
        handle = FlowHandle.from_id(sys.argv[1])
        executions.retry(sys.argv[1])
        try:
            handle.wait(timeout=300)
        except KitaruDivergenceError as error:
            out((str(error), error.failure_origin, str(handle.status)))
        """,
        second,
    )
    message, origin, status = seen
    assert (origin, status) == ("divergence", "failed")
    assert "its call 1 was checkpoint 'load' and is 'double' now" in message
    assert faults.runs(second) == "load 1, double 1, report 1"
    # Put right, it goes on.
    faults.project.write("changing.py", CHANGING.format(loaded=20, report="return str(x)", body=FORWARD))
    seen = faults.script(
        "executions.retry(sys.argv[1]); out((ended(sys.argv[1]), executions.result(sys.argv[1])))", second
    )
    assert seen == ["completed", "40"]
    assert faults.runs(second) == "load 1, double 1, report 2"


def test_recover_takes_what_was_lost_and_nothing_else(faults, home, eventually):
    lost, paused, wrong, held = faults.script(
        """
        from mortal import flow
        lost, paused, held = three.run("between kill"), asking.run(0.1), holding.run()
        wrong = course.run(1, "no number")
        until(lambda: [a.outcome for a in executions.get(paused.exec_id).attempts] == ["waiting"])
        ended(lost.exec_id), ended(wrong.exec_id)
        out([handle.exec_id for handle in (lost, paused, wrong, held)])
        """
    )
    eventually(lambda: faults.is_held(held), what="the held checkpoint")
    recovered, again, statuses = faults.script(
        """
        recovered = [handle.exec_id for handle in executions.recover()]
        ended(sys.argv[1])
        out((recovered, executions.recover(), [str(executions.get(e).status) for e in sys.argv[1:]]))
        """,
        lost,
        paused,
        wrong,
        held,
    )
    assert (recovered, again) == ([lost], [])
    assert statuses == ["completed", "waiting", "failed", "running"]
    faults.let_go(held)
    assert faults.script("out(ended(sys.argv[1]))", held) == "completed"


def test_a_call_that_was_cut_off_does_not_run_on_in_an_execution_that_has_ended(faults, home, eventually):
    exec_id, before, after, attempts, again = faults.script(
        """
        def calls(handle):
            return {c.name: (c.status, c.attempts[-1].error) for c in handle.execution.checkpoints}

        failed, paused, asks = handles = [detour.run(end, retries=1) for end in ("fail", "0", "100")]
        ended(failed.exec_id)
        until(lambda: executions.pending_waits().keys() == {paused.exec_id, asks.exec_id})
        until(lambda: paused.execution.attempts[-1].outcome == "waiting")
        before = list(map(calls, handles))
        executions.abort_wait(paused.exec_id)
        executions.abort_wait(asks.exec_id)
        until(lambda: paused.status == asks.status == "cancelled" and asks.execution.attempts[-1].ended_at)
        attempts = [[attempt.outcome for attempt in handle.execution.attempts] for handle in handles]
        after = list(map(calls, handles))
        assert ended(executions.retry(failed.exec_id).exec_id) == "completed"
        out((failed.exec_id, before, after, attempts, calls(failed)))
        """
    )
    eventually(lambda: not home.processes(), what="the end of every process")
    lost = ["failed", "its runner was lost before it had ended"]
    first = {"first": ["completed", None]}
    assert before == [{**first, "second": lost}, *[{**first, "second": ["running", None]}] * 2]
    assert after == [{**first, "second": lost}, {**first, "second": ["cancelled", None]}, {**first, "second": lost}]
    assert attempts == [["lost", "failed"], ["lost", "cancelled"], ["lost", "cancelled"]]
    # what was closed is made again by a retry
    assert again == {**first, "second": ["completed", None], "third": ["completed", None]}
    assert faults.runs(exec_id) == "first 1, second 2, third 1"
