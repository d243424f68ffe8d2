"""The local runner is a good guest: private files, few of them, no stray process, and every way to run it works."""

from __future__ import annotations

import json
import os
import signal
import stat
import time

import pytest

from tests.conftest import PROGRAMS


def base_of(home):
    return home.zenml / "kitaru" / "executions"


def test_files_are_private_and_few_and_a_failed_submission_leaves_none(project, home, eventually):
    project.take("runner_files/gated_work.py", "runner_files/private_files.py")
    process = project.popen("private_files.py", stdin=True)
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
    project.take("runner_files/gated_work.py", "runner_files/interrupted_while_waiting.py")
    waiting = project.popen("interrupted_while_waiting.py")
    exec_id = waiting.stdout.readline().strip()
    eventually((project.path / "in-gate").exists, timeout=300, what="the checkpoint")
    os.killpg(waiting.pid, signal.SIGINT)  # Ctrl-C reaches the whole foreground process group
    _, err = waiting.communicate(timeout=300)
    assert waiting.returncode == -signal.SIGINT, err
    assert "KeyboardInterrupt" in err
    assert home.processes()
    (project.path / "go").touch()
    project.take("runner_files/collect_result.py")
    assert project.run("collect_result.py", exec_id).stdout == "through\n"
    eventually(lambda: not home.processes(), what="the end of every process")


@pytest.mark.parametrize("point", ["before_the_run_exists", "before_the_runner_knows"])
def test_a_submitter_that_is_killed_leaves_no_process_behind(project, home, eventually, point):
    project.take("runner_files/gated_work.py", "runner_files/killed_submitter.py")
    done = project.run("killed_submitter.py", point, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    eventually(lambda: not home.processes(), what="the end of the supervisor and its worker")
    assert not [path for path in base_of(home).iterdir() if path.is_dir()]
    if point == "before_the_runner_knows":
        project.take("runner_files/collect_result.py")
        found = project.run("collect_result.py", done.stdout.strip()).stdout
        assert found.startswith("KitaruRunnerLostError"), found
        assert "ended before its runner was started" in found


def test_each_mode_of_the_runner_does_what_it_says(project, home):
    project.take("runner_files/mode_flows.py", "runner_files/runner_modes.py")
    done = project.run("runner_modes.py")
    assert "runs in a thread" not in done.stderr  # it was asked for
    assert not home.processes()


# -- sessions without files: their flows run in threads, and are waited for ------------------------------------------

# As it is typed: the interactive interpreter ends a function at an empty line.
TYPED = """\
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


def test_a_script_on_standard_input_that_does_not_wait_ends_when_its_flow_has(project, home):
    project.take("runner_files/collect_result.py")
    done = project.run("-", stdin=TYPED + "print(f.run(1).exec_id)\n")
    exec_id = done.stdout.split()[-1]
    assert done.stderr.count("runs in a thread of this process") == 1
    assert project.run("collect_result.py", exec_id).stdout == "4\n"
    assert not home.processes()


def test_flows_of_a_session_of_the_interactive_interpreter_run_in_threads(project, home):
    done = project.run("-i", "-q", stdin=TYPED + "f.run(2).wait(progress=False)\nprint('still here')\n")
    assert "\n7\n" in f"\n{done.stdout}".replace(">>> ", "").replace("... ", ""), done.stdout
    assert "still here" in done.stdout
    assert not home.processes()


def test_flows_of_the_cells_of_a_notebook_run_in_threads(project, home):
    cells = [
        TYPED,
        "print('first', f.run(3).wait(progress=False))",
        TYPED.replace("a + b", "a * b"),
        "handle = f.run(3)\nprint('second', handle.wait(progress=False))",
    ]
    kernel = (PROGRAMS / "runner_files" / "notebook_kernel.py").read_text()
    done = project.run("-", *cells, stdin=kernel)
    assert [line for line in done.stdout.splitlines() if line] == ["first 10", "second 12", "awaited 12"], done.stdout
    assert not home.processes()
