"""A runner of the host submits for a program that has not loaded ZenML, which sees what it would see without."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from typing import TYPE_CHECKING, Any

import pytest

from kitaru._host import control
from tests.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Home, Project


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


def test_everything_about_an_execution_is_read_without_loading_zenml(project: Project) -> None:
    project.take("host/cold_reads.py")
    assert json.loads(project.run("cold_reads.py", loads=True).stdout) == ["completed", False, 42, True]


class Shipped:
    """A package that every Python of the project has loaded, and its distribution."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.env = {"PYTHONPATH": str(project.path / "library")}
        project.write("library/sitecustomize.py", "import shipped")

    def upgrade(self, version: str) -> None:
        """Install another version in place of the one that is there."""
        self.project.write("library/shipped/__init__.py", f"VERSION = {version!r}")
        for old in (self.project.path / "library").glob("shipped-*.dist-info"):
            shutil.rmtree(old)
        metadata = f"Metadata-Version: 2.1\nName: shipped\nVersion: {version}\n"
        self.project.write(f"library/shipped-{version}.dist-info/METADATA", metadata)

    def edit(self, version: str) -> None:
        """Change its source, as of an editable install."""
        self.project.write("library/shipped/__init__.py", f"VERSION = {version!r}  # in the making")

    def told(self, **env: str) -> dict[str, Any]:
        """Run the flow from a program that has not loaded ZenML."""
        told = json.loads(self.project.run("told_by.py", env={**self.env, **env}, loads=True).stdout)
        assert told.pop("loaded") is False
        return told


def test_no_flow_runs_in_a_host_of_what_was_there_before(
    project: Project, home: Home, own_host: None, tmp_path: Path
) -> None:
    project.take("host/told_by.py")
    shipped = Shipped(project)
    shipped.upgrade("1.0")
    assert shipped.told()["version"] == shipped.told()["version"] == "1.0"
    (host,) = control.running()
    shipped.upgrade("2.0")
    seen = shipped.told()
    assert (seen["version"], seen["distribution"]) == ("2.0", "2.0")
    shipped.edit("2.1")
    assert shipped.told()["version"] == "2.1"
    assert host not in control.running()

    here = {line.split()[0] for line in listed(project, shipped.env)}
    other = {name: str(tmp_path / name) for name in ("ZENML_CONFIG_PATH", "ZENML_LOCAL_STORES_PATH")}
    shutil.copytree(home.stores, other["ZENML_LOCAL_STORES_PATH"])
    elsewhere = shipped.told(**other)
    assert elsewhere["configuration"] == other["ZENML_CONFIG_PATH"]
    assert elsewhere["exec_id"] in {line.split()[0] for line in listed(project, {**shipped.env, **other})}
    assert {line.split()[0] for line in listed(project, shipped.env)} == here


def test_a_flow_runs_in_the_environment_of_its_program(project: Project, own_host: None, tmp_path: Path) -> None:
    project.take("host/told_by.py")
    shipped = Shipped(project)
    shipped.upgrade("1.0")
    assert shipped.told()["prefix"] == sys.prefix
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    own = sysconfig.get_path("purelib")
    (packages / "others.pth").write_text(f"import site; site.addsitedir({own!r})\n")
    program = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "told_by.py"],
        cwd=project.path,
        env={**project.home.env, **shipped.env, "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"]},
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    assert json.loads(program.stdout)["prefix"] == str(tmp_path / "venv")
    assert shipped.told()["prefix"] == sys.prefix


def listed(project: Project, env: dict[str, str]) -> list[str]:
    """Return what ``kitaru executions list`` shows, a line for each."""
    return project.kitaru("executions", "list", env=env, loads=True).stdout.splitlines()[1:]
