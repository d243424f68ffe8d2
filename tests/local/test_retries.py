"""Retries of a flow: what counts as a failure, what runs again, and what a reader finds out."""

from __future__ import annotations

COUNTING = """
    import sys, time
    from datetime import UTC, datetime
    from pathlib import Path
    from kitaru import FlowHandle, KitaruUserCodeError, checkpoint, flow

    def count(name):
        with Path(name).open("a") as file: file.write("x")
        return len(Path(name).read_text())
"""


def test_an_execution_is_tried_again_and_completed_checkpoints_keep_their_results(project):
    project.write(
        "main.py",
        COUNTING
        + """
    @checkpoint(cache=False)
    def once(name): return count(f"once-{name}"), time.time_ns()

    @checkpoint(cache=False)
    def second_time():
        if count("second") < 2: raise OSError("flaky")
        return "fine"

    @checkpoint(cache=False, retries=1)
    def fourth_time():
        if count("fourth") < 4: raise OSError("flakier")
        return "fine"

    @checkpoint(cache=False)
    def side(name): return once.func(name)

    @flow(retries=2, cache=False)
    def both():
        first = once("a")
        begun = side.submit("b")
        Path("bodies").open("a").write(repr(first) + "\\n")
        value = second_time()
        if count("body") < 2: raise KeyError("the body itself")
        assert begun.result()[0] == 1
        return first, begun, value, once("after")

    @flow(cache=False)
    def inner_retries(): return fourth_time()

    @flow(cache=False)
    def leaves(how):
        once(how)
        if how == "exit": sys.exit(3)
        if how == "interrupt": raise KeyboardInterrupt
        if how == "exit in checkpoint": return leave("exit")
        if how == "interrupt in checkpoint": return leave.submit("interrupt").result()

    @checkpoint(cache=False)
    def leave(how):
        if count("left-" + how) == 1:
            if how == "exit": sys.exit("enough")
            raise KeyboardInterrupt
        return "stayed"

    if __name__ == "__main__":
        before = datetime.now(UTC)
        handle = both.run()
        inner = inner_retries.run(retries=1)
        hows = ("exit", "interrupt", "exit in checkpoint", "interrupt in checkpoint")
        leaving = {how: leaves.run(how, retries=int("checkpoint" in how)) for how in hows}
        (first, _), (begun, _), value, (after, _) = handle.wait(progress=False)
        assert (first, begun, value, after) == (1, 1, "fine", 1)
        bodies = Path("bodies").read_text().splitlines()
        assert len(bodies) == 3 and len(set(bodies)) == 1, bodies
        execution = handle.execution
        assert execution.status == "completed" and execution.failure is None
        attempts = execution.attempts
        assert [a.number for a in attempts] == [1, 2, 3]
        assert [a.outcome for a in attempts] == ["failed", "failed", "completed"]
        assert attempts[0].reason == "first attempt" and attempts[0].error == "checkpoint 'second_time': OSError: flaky"
        assert "attempt 1 failed" in attempts[1].reason and "flaky" in attempts[1].reason, attempts[1]
        assert "attempt 2 failed" in attempts[2].reason and "the body itself" in attempts[2].reason, attempts[2]
        moments = [m for a in attempts for m in (a.started_at, a.ended_at)]
        assert moments == sorted(moments) and before < moments[0] and moments[-1] < datetime.now(UTC), moments
        tries = {c.name: len(c.attempts) for c in execution.checkpoints}
        assert tries == {"once": 1, "side": 1, "second_time": 2, "once_2": 1}, tries

        assert inner.wait(progress=False) == "fine"
        assert [len(c.attempts) for c in inner.execution.checkpoints] == [4] and len(inner.execution.attempts) == 2

        for how, kind in (("exit", "SystemExit"), ("interrupt", "KeyboardInterrupt")):
            try: leaving[how].wait(progress=False)
            except KitaruUserCodeError as error:
                assert error.exception_type == f"builtins.{kind}" and error.failure_origin == "flow", vars(error)
            else: raise AssertionError(how)
            assert leaving[f"{how} in checkpoint"].wait(progress=False) == "stayed"
            assert [a.outcome for a in leaving[f"{how} in checkpoint"].execution.attempts] == ["failed", "completed"]
            assert Path(f"once-{how} in checkpoint").read_text() == "x"
        print("as promised")
    """,
    )
    assert project.run("main.py").stdout == "as promised\n"


def test_retries_that_are_used_up_raise_what_the_user_wrote(project):
    project.write("helpers.py", "def fail(text):\n    raise LookupError(text)\n")
    project.write(
        "main.py",
        COUNTING
        + """
    import pickle
    from helpers import fail

    class Own(Exception):
        def __init__(self, code, text):
            super().__init__(text)
            self.code = code

    @checkpoint
    def ok(): return count("ok")

    @checkpoint
    def bad():
        count("bad")
        fail("nothing here")

    @flow(retries=1)
    def in_checkpoint():
        ok()
        return bad()

    @flow
    def in_future():
        return bad.submit()

    @flow
    def in_body():
        ok()
        raise Own(7, "said the body\\nin two lines")

    @flow
    def chained():
        try: fail("at first")
        except LookupError as error: raise Own(1, "and then") from error

    @flow
    async def in_async(): await nested()

    async def nested(): fail("deep")

    @flow
    def long_message(): raise ValueError("x" * 200_000)

    def error_of(flow, **options):
        handle = flow.run(cache=False, **options)
        try: handle.wait(progress=False)
        except KitaruUserCodeError as error:
            for again in (error, pickle.loads(pickle.dumps(error))):
                assert again.exec_id == handle.exec_id and again.status == handle.status == "failed"
                assert again.recovery == f"kitaru executions retry {handle.exec_id}" and handle.exec_id in str(again)
            try: handle.get()
            except KitaruUserCodeError as same: assert str(same) == str(error)
            for foreign in ("kitaru/", "zenml/", "site-packages", "concurrent/futures", "asyncio", "threading.py"):
                assert foreign not in error.traceback, error.traceback
            return handle, error
        raise AssertionError(f"{flow} completed")

    if __name__ == "__main__":
        handle, error = error_of(in_checkpoint)
        assert (error.exception_type, error.exception_message) == ("builtins.LookupError", "nothing here")
        assert (error.failure_origin, error.checkpoint) == ("checkpoint", "bad")
        assert "LookupError: nothing here" in str(error) and "'bad'" in str(error)
        frames = [line.split(" in ")[1] for line in error.traceback.splitlines() if line.startswith("  File")]
        assert frames == ["in_checkpoint", "bad", "fail"], error.traceback
        assert "return bad()" in error.traceback and "helpers.py" in error.traceback
        assert (Path("ok").read_text(), Path("bad").read_text()) == ("x", "xx")
        assert [(a.number, a.outcome) for a in handle.execution.attempts] == [(1, "failed"), (2, "failed")]
        assert handle.execution.failure.traceback == error.traceback
        assert [(c.name, c.status, len(c.attempts)) for c in handle.execution.checkpoints] == [("ok", "completed", 1), ("bad", "failed", 2)]

        handle, error = error_of(in_future)
        assert (error.failure_origin, error.checkpoint, error.exception_message) == ("checkpoint", "bad", "nothing here")
        assert [a.number for a in handle.execution.attempts] == [1]

        handle, error = error_of(in_body, retries=1)
        assert (error.exception_type, error.exception_message) == ("__main__.Own", "said the body\\nin two lines"), vars(error)
        assert (error.failure_origin, error.checkpoint) == ("flow", None) and len(handle.execution.attempts) == 2
        assert error.traceback.count("  File") == 1 and "in in_body" in error.traceback

        _, error = error_of(chained)
        assert error.traceback.index("at first") < error.traceback.index("and then"), error.traceback
        _, error = error_of(in_async)
        frames = [line.split(" in ")[1] for line in error.traceback.splitlines() if line.startswith("  File")]
        assert frames == ["in_async", "nested", "fail"], error.traceback
        _, error = error_of(long_message)
        assert len(str(error)) < 3000 and error.exception_message.startswith("xxx"), len(str(error))
        print("as written")
    """,
    )
    assert project.run("main.py", env={"KITARU_LOCAL_RUNNER": "inline"}).stdout.splitlines()[-1] == "as written"
