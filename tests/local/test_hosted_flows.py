"""A runner of the host submits for a program that has not loaded ZenML, which sees what it would see without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.terminal import Terminal

if TYPE_CHECKING:
    from tests.conftest import Project


def started(project: Project, case: str, *, cold: bool = True, **env: str) -> tuple[Any, bool]:
    """Run the program; gives the value of its flow, and whether it had to load ZenML, where it is ``cold``."""
    value, loaded = json.loads(project.run("cold_runs.py", case, env=env, loads=cold).stdout)
    return value, loaded


@pytest.mark.parametrize(
    ("kinds", "waits_cold"),
    [
        ({"plain": "builtins.dict", "moment": "datetime.datetime", "bytes": "builtins.bytes"}, True),
        ({"model": "cold_values.Order"}, False),  # a class that only the program can import: it loads the value itself
        ({"point": "cold_values.Point"}, False),
        ({"path": "pathlib.PosixPath"}, False),
    ],
    ids=["plain data", "a model", "a dataclass", "a path"],
)
def test_values_of_any_class_arrive_and_come_back_as_they_were(
    project: Project, kinds: dict[str, str], *, waits_cold: bool
) -> None:
    project.take("host/cold_values.py")
    printed = project.run("cold_values.py", *kinds, loads=True).stdout.splitlines()
    assert [json.loads(line) for line in printed] == [[kind, True, waits_cold] for kind in kinds.values()]


def test_what_is_stored_of_an_execution_is_the_same(project: Project) -> None:
    project.take("host/cold_runs.py", "host/stored_runs.py")
    for case in ("plain", "options"):
        for cold in (False, True):
            assert started(project, case, cold=cold, KITARU_CACHE="off") == ("HELLO YOU", not cold)
    plain, hosted, options, options_hosted = json.loads(project.run("stored_runs.py").stdout)
    assert hosted == plain
    assert options_hosted == options


def test_a_run_that_fails_or_is_refused_says_what_it_would_say_without_the_host(project: Project) -> None:
    project.take("host/cold_runs.py")
    for case, loads in {"broken": False, "stack": True, "lambda": True}.items():
        (hosted, loaded), (alone, _) = started(project, case), started(project, case, cold=False)
        assert loaded is loads, case
        assert hosted[0] == alone[0]
        assert hosted[2] == alone[2]


def test_a_module_that_the_runner_cannot_import_is_submitted_by_the_program(project: Project) -> None:
    project.take("host/cold_runs.py")
    project.write("raises", "")
    (hosted, loaded), (alone, _) = started(project, "plain"), started(project, "plain", cold=False)
    assert loaded
    assert hosted[0] == alone[0] == "KitaruUserCodeError"
    assert "not here" in hosted[1]


def test_a_script_that_starts_its_flow_at_its_top_level_starts_it_once(project: Project) -> None:
    project.take("host/unguarded.py")
    assert project.run("unguarded.py", loads=True).stdout == "2\n"
    assert len(json.loads(project.kitaru("executions", "list", "--output", "json").stdout)) == 1


def test_a_person_is_told_that_a_flow_is_being_started_while_the_host_loads_zenml(
    project: Project, own_host: None
) -> None:
    project.take("host/cold_runs.py")
    terminal = Terminal(project, "cold_runs.py", "plain")
    terminal.until("kitaru: starting greeting")
    terminal.until("HELLO YOU")
    terminal.end()
