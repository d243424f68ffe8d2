"""The local runner is a good guest: private files, few of them, no stray process, and every way to run it works."""

from __future__ import annotations

import json
import os
import signal
import stat
import time

import pytest

FLOW = """
    import time
    from pathlib import Path
    from kitaru import checkpoint, flow

    @checkpoint(cache=False)
    def gate() -> str:
        Path("in-gate").touch()
        while not Path("go").exists():
            time.sleep(0.02)
        return "through"

    @checkpoint(cache=False)
    def one() -> int:
        return 1

    @flow
    def gated() -> str:
        return gate()

    @flow
    def f(x=0) -> int:
        return one()
"""

COLLECT = """
    import sys
    from kitaru import FlowHandle, KitaruExecutionError
    handle = FlowHandle.from_id(sys.argv[1])
    try:
        print(handle.wait(timeout=300, progress=False))
    except KitaruExecutionError as error:
        print(type(error).__name__, error)
"""


def base_of(home):
    return home.zenml / "kitaru" / "executions"


def test_files_are_private_and_few_and_a_failed_submission_leaves_none(project, home, eventually):
    project.write("work.py", FLOW)
    project.write(
        "main.py",
        """
        import os, threading
        from pathlib import Path
        import psutil
        from kitaru import KitaruUsageError
        from work import f

        os.umask(0)  # the strictest test: nothing but what is asked for protects a file
        try:
            f.run(threading.Lock())
        except KitaruUsageError:
            pass
        else:
            raise AssertionError("a lock was stored")
        assert not psutil.Process().children(recursive=True)
        base = Path(os.environ["ZENML_CONFIG_PATH"]) / "kitaru" / "executions"
        assert not [path for path in base.glob(".starting-*") if "power" not in path.name]
        print("ready", flush=True)
        input()
        handle = f.run()
        print(handle.exec_id, handle.wait())
        """,
    )
    process = project.popen("main.py", stdin=True)
    ready = process.stdout.readline()
    assert ready == "ready\n", process.communicate()
    base = base_of(home)
    now = time.time()

    def earlier(name, days, **state):
        folder = base / name
        folder.mkdir(mode=0o700)
        if state:
            (folder / "runner.json").write_text(json.dumps({"host": os.uname().nodename, "processes": [], **state}))
        os.utime(folder, (now - days * 86400, now - days * 86400))

    for number in range(230):
        earlier(f"ended-{number:03}", days=number / 100, ended=True)
    me = {"pid": os.getpid(), **_identity()}
    earlier("old-ended", days=20, ended=True)
    earlier("old-lost", days=20, ended=False)
    earlier("old-alive", days=20, ended=False, processes=[me])
    earlier("old-elsewhere", days=20, ended=False, host="another-machine")
    earlier("recent-lost", days=2, ended=False)
    earlier(".starting-of-a-machine-that-lost-power", days=20)

    out, err = process.communicate("go\n", timeout=300)
    assert process.returncode == 0, err
    exec_id, value = out.split()
    assert value == "1"
    eventually(lambda: not home.processes(), what="the end of every process")
    left = {path.name for path in base.iterdir() if path.is_dir()}
    assert exec_id in left
    assert {"old-alive", "old-elsewhere", "recent-lost"} <= left
    assert not left & {"old-ended", "old-lost", ".starting-of-a-machine-that-lost-power"}
    assert len(left) <= 205, len(left)
    for path in [base.parent, base, base / exec_id, *(base / exec_id).iterdir()]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path} is {mode:o}"
    assert json.loads((base / exec_id / "runner.json").read_text())["ended"]


def _identity():
    from kitaru._core.process.processes import this_process

    return this_process()


def test_ctrl_c_while_waiting_leaves_the_execution_running(project, home, eventually):
    project.write("work.py", FLOW)
    project.write("collect.py", COLLECT)
    project.write(
        "main.py",
        """
        import os
        from work import gated

        os.setsid()  # a process group of its own, as a shell gives to what it starts
        handle = gated.run()
        print(handle.exec_id, flush=True)
        handle.wait()
        """,
    )
    waiting = project.popen("main.py")
    exec_id = waiting.stdout.readline().strip()
    eventually((project.path / "in-gate").exists, timeout=300, what="the checkpoint")
    os.killpg(waiting.pid, signal.SIGINT)  # Ctrl-C reaches the whole foreground process group
    _, err = waiting.communicate(timeout=300)
    assert waiting.returncode == -signal.SIGINT, err
    assert "KeyboardInterrupt" in err
    assert home.processes()
    (project.path / "go").touch()
    assert project.run("collect.py", exec_id).stdout == "through\n"
    eventually(lambda: not home.processes(), what="the end of every process")


@pytest.mark.parametrize("point", ["before_the_run_exists", "before_the_runner_knows"])
def test_a_submitter_that_is_killed_leaves_no_process_behind(project, home, eventually, point):
    project.write("work.py", FLOW)
    project.write("collect.py", COLLECT)
    project.write(
        "main.py",
        """
        import os, signal, sys
        from kitaru._runner.detached import DetachedRunner
        from kitaru._zenml.submitting import submit
        from work import f

        def die(*args):
            if sys.argv[1] == "before_the_runner_knows":
                print(args[1])
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)

        if sys.argv[1] == "before_the_run_exists":
            submit.create_snapshot = die
        else:
            DetachedRunner.hand_over = die
        f.run()
        """,
    )
    done = project.run("main.py", point, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    eventually(lambda: not home.processes(), what="the end of the supervisor and its worker")
    assert not [path for path in base_of(home).iterdir() if path.is_dir()]
    if point == "before_the_runner_knows":
        found = project.run("collect.py", done.stdout.strip()).stdout
        assert found.startswith("KitaruRunnerLostError"), found
        assert "ended before its runner was started" in found


def test_each_mode_of_the_runner_does_what_it_says(project, home):
    project.write(
        "work.py",
        """
        import os, sys, threading
        from kitaru import checkpoint, flow

        meeting = threading.Barrier(2, timeout=300)

        @checkpoint(cache=False)
        def meet(who: str) -> str:
            meeting.wait()  # both flows are in a checkpoint at the same time
            return who

        @checkpoint(cache=False)
        def where() -> tuple[int, str]:
            return os.getpid(), threading.current_thread().name

        @checkpoint(cache=False)
        def interrupted() -> None:
            raise KeyboardInterrupt

        @flow
        def meets(who: str) -> str:
            return meet(who)

        @flow
        def tells():
            return where()

        @flow
        async def tells_soon():
            return await where.submit()

        @flow
        def is_interrupted() -> None:
            interrupted()
        """,
    )
    project.write(
        "main.py",
        """
        import asyncio, os, threading
        import kitaru
        from work import is_interrupted, meets, tells, tells_soon

        def use(mode):
            os.environ["KITARU_LOCAL_RUNNER"] = mode

        use("thread")
        handles = [meets.run("a"), meets.run("b")]
        assert [handle.wait(progress=False) for handle in handles] == ["a", "b"]
        pid, thread = tells.run().wait(progress=False)
        assert pid == os.getpid()

        use("inline")
        handle = tells.run()
        assert handle.status == "completed"
        assert handle.get()[0] == os.getpid()

        async def in_a_loop():
            # A notebook's cells run inside an event loop, where the body's calls must still give values.
            use("inline")
            assert tells.run().get()[0] == os.getpid()
            assert tells_soon.run().get()[0] == os.getpid()
            use("thread")
            assert (await tells_soon.run())[0] == os.getpid()

        asyncio.run(in_a_loop())

        use("inline")
        try:
            is_interrupted.run()
        except KeyboardInterrupt:
            pass
        else:
            raise AssertionError("Ctrl-C was swallowed")

        use("process")
        assert tells.run().wait(progress=False)[0] != os.getpid()

        def local():
            @kitaru.flow
            def inner(): return 1
            return inner
        try:
            local().run()
        except kitaru.KitaruUsageError as error:
            assert "KITARU_LOCAL_RUNNER=process" in str(error) and "'inner'" in str(error)
        else:
            raise AssertionError("a process ran a function of a function")
        """,
    )
    done = project.run("main.py")
    assert "runs in a thread" not in done.stderr  # it was asked for
    assert not home.processes()


def test_flows_of_a_session_without_files_run_in_threads_and_are_waited_for(project, home):
    definition = """\
from kitaru import checkpoint, flow
@checkpoint(cache=False)
def add(a, b):
    return a + b

@flow
def f(n):
    import time
    time.sleep(1.5)
    return add.submit(n, 1).result() + add(n, n)

"""
    project.write("collect.py", COLLECT)
    # A script on standard input that does not wait: the process ends when its flow has.
    done = project.run("-", stdin=definition + "print(f.run(1).exec_id)\n")
    exec_id = done.stdout.split()[-1]
    assert done.stderr.count("runs in a thread of this process") == 1
    assert project.run("collect.py", exec_id).stdout == "4\n"

    # A session of the interactive interpreter.
    done = project.run("-i", "-q", stdin=definition + "f.run(2).wait(progress=False)\nprint('still here')\n")
    assert "\n7\n" in f"\n{done.stdout}".replace(">>> ", "").replace("... ", ""), done.stdout
    assert "still here" in done.stdout

    # A notebook's kernel: cells are compiled under names that lead to no file, in a __main__ without one, inside a
    # running event loop; a cell is run again after it was changed.
    kernel = f"""
import asyncio, linecache, sys

def run_cell(number, source):
    name = f"<ipython-input-{{number}}-0123456789ab>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    exec(compile(source, name, "exec"), sys.modules["__main__"].__dict__)

async def kernel():
    run_cell(1, {definition!r})
    run_cell(2, "print('first', f.run(3).wait(progress=False))")
    run_cell(3, {definition.replace("a + b", "a * b")!r})
    run_cell(4, "handle = f.run(3)\\nprint('second', handle.wait(progress=False))")
    print("awaited", await handle)

asyncio.run(kernel())
"""
    done = project.run("-", stdin=kernel)
    assert [line for line in done.stdout.splitlines() if line] == ["first 10", "second 12", "awaited 12"], done.stdout
    assert not home.processes()
