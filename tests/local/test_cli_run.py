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

FLOWS = """
    import dataclasses
    from kitaru import checkpoint, flow

    print("loading")  # must not get into the result

    @dataclasses.dataclass
    class Query:
        text: str
        limit: int = 10

    @checkpoint
    def search(query: Query) -> list[str]:
        return [query.text] * query.limit

    @flow
    def survey(query: Query, title: str = "untitled") -> dict:
        return {"title": title, "hits": search(query), "type": type(query).__name__}

    @flow
    def fail() -> None:
        raise RuntimeError("the body fails")
"""

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
    project.write("team/flows.py", FLOWS)
    done = project.kitaru("run", "team/flows.py:survey", "--input", INPUT)
    assert json.loads(done.stdout) == RESULT


def test_run_takes_a_module_of_a_package_and_a_file_as_input(project) -> None:
    project.write("team/__init__.py", "")
    project.write("team/flows.py", FLOWS)
    project.write("input.json", INPUT)
    done = project.kitaru("run", "team.flows:survey", "--input", "@input.json", "--output", "json")
    told = json.loads(done.stdout)
    assert told == {"exec_id": told["exec_id"], "status": "completed", "result": RESULT, "dashboard_url": None}
    assert project.kitaru("executions", "get", told["exec_id"], "--result").stdout == f"{json.dumps(RESULT)}\n"


def test_detach_prints_the_id_at_once_and_another_process_gets_the_result(project) -> None:
    project.write("flows.py", FLOWS)
    done = project.kitaru("run", "flows.py:survey", "--input", "-", "--detach", stdin=INPUT)
    exec_id = done.stdout.strip()
    project.write(
        "fetch.py",
        f"""
        import json
        from kitaru import FlowHandle
        print(json.dumps(FlowHandle.from_id({exec_id!r}).wait(progress=False)))
        """,
    )
    assert json.loads(project.run("fetch.py").stdout) == RESULT


def test_options_of_the_command_win_over_those_of_the_flow(project) -> None:
    project.write(
        "flows.py",
        """
        from pathlib import Path
        from kitaru import flow

        @flow(retries=0)
        def second_time_lucky() -> int:
            tries = Path("tries")
            tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
            if len(tries.read_text()) < 2:
                raise RuntimeError("the first try fails")
            return len(tries.read_text())
        """,
    )
    done = project.kitaru("run", "flows.py:second_time_lucky", "--retries", "1", "--no-cache")
    assert done.stdout == "2\n"


def test_a_failed_execution_exits_with_1_and_tells_why(project) -> None:
    project.write("flows.py", FLOWS)
    done = project.kitaru("run", "flows.py:fail", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "RuntimeError" in done.stderr
    assert "the body fails" in done.stderr
    before, _, frames = done.stderr.partition("\nError: ")[0].partition("Where it failed:")
    assert "Traceback (most recent call last)" not in before
    assert re.findall(r'File "(.*)", line', frames) == [str(project.path / "flows.py")]

    done = project.kitaru("run", "flows.py:fail", "--output", "json", check=False)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told == {"exec_id": told["exec_id"], "status": "failed", "result": None, "dashboard_url": None}
    error = json.loads(done.stderr.strip().splitlines()[-1])["error"]
    assert (error["type"], error["exit_code"]) == ("KitaruUserCodeError", 1)
    assert told["exec_id"] in error["message"]


def test_an_unknown_stack_exits_with_1_and_names_the_layer(project) -> None:
    project.write("flows.py", FLOWS)
    done = project.kitaru("run", "flows.py:fail", "--stack", "nowhere", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere" in done.stderr
    assert ".run(stack=)" in done.stderr
    assert "default" in done.stderr


def test_an_interrupt_while_waiting_leaves_the_execution_running(project, eventually: Callable[..., object]) -> None:
    project.write(
        "flows.py",
        """
        import time
        from pathlib import Path
        from kitaru import flow

        @flow
        def slow() -> str:
            Path("started").touch()
            while not Path("go").exists():
                time.sleep(0.05)
            return "done"
        """,
    )
    process = project.popen(Path(sys.executable).with_name("kitaru"), "run", "flows.py:slow")
    eventually((project.path / "started").exists, timeout=300, what="the flow's start")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    last = stderr.strip().splitlines()[-1]
    assert last.startswith("Interrupted: no longer waiting for execution ")
    assert not last.endswith(".")  # of the command that it ends with
    exec_id = last.removeprefix("Interrupted: no longer waiting for execution ").partition(";")[0]
    project.write("go", "")
    project.write(
        "fetch.py",
        f"from kitaru import FlowHandle\nprint(FlowHandle.from_id({exec_id!r}).wait(timeout=300, progress=False))",
    )
    assert project.run("fetch.py").stdout == "done\n"


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
