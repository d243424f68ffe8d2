"""A flow runs in the background, and any process can pick up its result."""

from __future__ import annotations

from tests.conftest import PROGRAMS


def test_run_returns_before_the_flow_ends_and_another_process_gets_the_result(project):
    project.take("background/napping.py", "background/start_nap.py", "background/collect_nap.py")
    exec_id = project.run("start_nap.py").stdout.strip()
    project.write("go", "")
    assert project.run("collect_nap.py", exec_id).stdout == "slept 2.5\n"


def test_wait_times_out_and_the_flow_goes_on(project):
    project.take("background/napping.py", "background/impatient.py")
    assert project.run("impatient.py").stdout == "slept 5.0\n"


def test_nothing_is_left_running_and_no_zombie_stays(project, home, eventually):
    project.take("background/no_children.py")
    assert project.run("no_children.py").stdout == "1\n[]\n"
    eventually(lambda: not home.processes(), what="the end of every process")


def test_a_script_that_starts_its_flow_at_top_level_starts_it_once(project):
    project.take("background/top_level_start.py")
    assert project.run("top_level_start.py").stdout == "2\n"
    # The runner imports the script too, and sees the very execution that it is running.
    assert len(set((project.path / "runs.txt").read_text().split())) == 1


def test_a_module_of_a_package_runs_with_its_relative_imports(project):
    (project.path / "shouting").mkdir()
    for module in ("__init__.py", "loudness.py", "cries.py"):
        project.take(f"background/shouting/{module}", name=f"shouting/{module}")
    assert project.run("-m", "shouting.cries").stdout == "HELLO\n"


def test_a_flow_without_a_module_runs_in_a_thread_and_says_so(project):
    code = (PROGRAMS / "background" / "without_module.py").read_text(encoding="utf-8")
    done = project.run("-c", code)
    assert done.stdout == "2\n3\n"
    assert done.stderr.count("runs in a thread of this process") == 1


def test_inline_mode_blocks_and_runs_in_the_same_process(project):
    project.take("background/inline_pid.py")
    project.run("inline_pid.py", env={"KITARU_LOCAL_RUNNER": "inline"})


def test_inputs_of_every_kind_arrive_as_they_were(project):
    project.take("background/every_kind_of_input.py")
    project.run("every_kind_of_input.py")
