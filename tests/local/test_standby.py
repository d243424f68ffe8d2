"""A program that starts flow after flow has a runner ready, and nothing of it is left over."""

from __future__ import annotations

WORK = """
    import os
    from kitaru import checkpoint, flow

    @checkpoint(cache=False)
    def where() -> list:
        return [os.getppid(), os.getcwd(), os.environ.get("NEW_SINCE", "")]

    @flow(cache=False)
    def f() -> list:
        return where()
"""


def test_from_the_third_run_on_a_runner_is_ready_and_is_used_where_it_fits(project, home, eventually):
    project.write("work.py", WORK)
    project.write(
        "main.py",
        """
        import os, sys, time
        import psutil
        from kitaru._runner import standby
        from work import f

        def ready():
            return standby._ahead.runner._supervisor.pid if standby._ahead else None

        def run():
            return f.run().wait(timeout=300, progress=False)

        run()
        assert ready() is None, "a program that starts one flow pays for none that it does not start"
        run()
        first = ready()
        assert first is not None
        assert run()[0] == first, "the runner that was ready is the one that ran it"

        # It ran as a fresh one would: the folder and the environment are those of now.
        before = ready()
        assert before not in (None, first)
        os.environ["NEW_SINCE"] = "yes"
        ran_by, _, seen = run()
        assert (ran_by != before, seen) == (True, "yes")
        before = ready()
        os.mkdir("elsewhere"); os.chdir("elsewhere")
        ran_by, folder, _ = run()
        assert ran_by != before and folder == os.getcwd()

        # One that has died is not used.
        before = ready()
        psutil.Process(before).kill()
        while psutil.pid_exists(before) and psutil.Process(before).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert run()[0] != before

        # A child that was forked does not keep it alive; one that nobody needs is ended.
        standby._PATIENCE = 8.0
        run()
        waiting = psutil.Process(ready())
        child = os.fork()
        if child == 0:
            assert ready() is None
            time.sleep(60)
            os._exit(0)
        waiting.wait(timeout=50)  # and not after the minute that it waits by itself
        assert ready() is None
        os.kill(child, 9); os.waitpid(child, 0)

        os.environ["KITARU_STANDBY"] = "off"
        run()
        assert ready() is None
        os.environ["KITARU_STANDBY"] = "on"
        standby._PATIENCE = 60.0
        run()
        assert ready() is not None
        print("the end")
        """,
    )
    assert project.run("main.py").stdout.endswith("the end\n")
    eventually(lambda: not home.processes(), timeout=50, what="the end of the runner that was ready")
    base = home.zenml / "kitaru" / "executions"
    eventually(lambda: not list(base.glob(".starting-*")), what="the end of its files")
