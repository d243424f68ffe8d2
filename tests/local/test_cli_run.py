"""`kitaru run` and `kitaru config show` as users call them: in processes of their own, against a real store."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FLOWS = "cli_run/surveys.py"

INPUT = json.dumps({"query": {"text": "a", "limit": 2}, "title": "T"})
RESULT = {"title": "T", "hits": ["a", "a"], "type": "Query"}


def test_run_in_an_empty_home_prints_the_result_as_json(empty_home, tmp_path) -> None:
    """Nothing of ZenML exists yet: the first thing a newcomer may do is this."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "hello.py").write_text(
        "from kitaru import flow\n@flow\ndef hello(name: str) -> str:\n    return f'Hello {name}'\n"
    )
    done = subprocess.run(
        [Path(sys.executable).with_name("kitaru"), "run", "hello.py:hello", "--input", '{"name": "Ada"}'],
        env=empty_home.env,
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, '"Hello Ada"\n'), done.stderr


def test_run_takes_a_file_from_another_folder(project) -> None:
    (project.path / "team").mkdir()
    project.take(FLOWS, name="team/surveys.py")
    done = project.kitaru("run", "team/surveys.py:survey", "--input", INPUT)
    assert json.loads(done.stdout) == RESULT


def test_run_takes_a_module_of_a_package_and_a_file_as_input(project) -> None:
    project.write("team/__init__.py", "")
    project.take(FLOWS, name="team/surveys.py")
    project.write("input.json", INPUT)
    done = project.kitaru("run", "team.surveys:survey", "--input", "@input.json", "--output", "json")
    told = json.loads(done.stdout)
    assert told == {"exec_id": told["exec_id"], "status": "completed", "result": RESULT, "dashboard_url": None}
    assert project.kitaru("executions", "get", told["exec_id"], "--result").stdout == f"{json.dumps(RESULT)}\n"


def test_detach_prints_the_id_at_once_and_another_process_gets_the_result(project) -> None:
    project.take(FLOWS)
    done = project.kitaru("run", "surveys.py:survey", "--input", "-", "--detach", stdin=INPUT)
    exec_id = done.stdout.strip()
    value = "FlowHandle.from_id(sys.argv[1]).wait(progress=False)"
    fetch = f"import json, sys; from kitaru import FlowHandle; print(json.dumps({value}))"
    assert json.loads(project.run("-c", fetch, exec_id).stdout) == RESULT


def test_options_of_the_command_win_over_those_of_the_flow(project) -> None:
    project.take("cli_run/lucky.py")
    done = project.kitaru("run", "lucky.py:second_time_lucky", "--retries", "1", "--no-cache")
    assert done.stdout == "2\n"


def test_a_failed_execution_exits_with_1_and_tells_why(project) -> None:
    project.take(FLOWS)
    done = project.kitaru("run", "surveys.py:fail", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "RuntimeError" in done.stderr
    assert "the body fails" in done.stderr
    before, _, frames = done.stderr.partition("\nError: ")[0].partition("Where it failed:")
    assert "Traceback (most recent call last)" not in before
    assert re.findall(r'File "(.*)", line', frames) == [str(project.path / "surveys.py")]

    done = project.kitaru("run", "surveys.py:fail", "--output", "json", check=False)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told == {"exec_id": told["exec_id"], "status": "failed", "result": None, "dashboard_url": None}
    error = json.loads(done.stderr.strip().splitlines()[-1])["error"]
    assert (error["type"], error["exit_code"]) == ("KitaruUserCodeError", 1)
    assert told["exec_id"] in error["message"]


def test_an_unknown_stack_exits_with_1_and_names_the_layer(project) -> None:
    project.take(FLOWS)
    done = project.kitaru("run", "surveys.py:fail", "--stack", "nowhere", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere" in done.stderr
    assert ".run(stack=)" in done.stderr
    assert "default" in done.stderr


def test_an_interrupt_while_waiting_leaves_the_execution_running(project, eventually: Callable[..., object]) -> None:
    project.take("cli_run/slow_flow.py")
    process = project.popen(Path(sys.executable).with_name("kitaru"), "run", "slow_flow.py:slow")
    eventually((project.path / "started").exists, timeout=300, what="the flow's start")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    last = stderr.strip().splitlines()[-1]
    assert last.startswith("Interrupted: no longer waiting for execution ")
    assert not last.endswith(".")  # of the command that it ends with
    exec_id = last.removeprefix("Interrupted: no longer waiting for execution ").partition(";")[0]
    project.write("go", "")
    value = "FlowHandle.from_id(sys.argv[1]).wait(timeout=300, progress=False)"
    fetch = f"import sys; from kitaru import FlowHandle; print({value})"
    assert project.run("-c", fetch, exec_id).stdout == "done\n"


def test_config_show_asks_zenml_for_the_active_stack(project) -> None:
    shown = json.loads(project.kitaru("config", "show", "--output", "json").stdout)
    assert shown["stack"] == {"value": "default", "layer": "active stack", "detail": "the active stack"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_store_that_cannot_be_used_exits_with_3(project, home, form: str) -> None:
    home.database.write_text("this is no database")
    done = project.kitaru("config", "show", "--output", form, check=False)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    last = done.stderr.splitlines()[-1]
    told = json.loads(last)["error"]["message"] if form == "json" else last.removeprefix("Error: ")
    assert "database" in told
    assert "Unexpected" not in told
