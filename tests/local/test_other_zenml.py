"""Another ZenML than Kitaru works with: each command and call says so in one line, with the cure."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from kitaru._core import zenml_version
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import Project

PROGRAMS = ROOT / "tests" / "programs" / "other_zenml"
PACKAGE = f"'zenml[local]{zenml_version.SUPPORTED}'"
FOUND = f"ZenML 0.99.0 is installed, and this Kitaru needs {zenml_version.SUPPORTED}"
LATER = f"{FOUND}. Install one that fits: `pip install {PACKAGE}`."
ABSENT = f"ZenML is not installed, and Kitaru needs {zenml_version.SUPPORTED}. Install it: `pip install {PACKAGE}`."
NAMES = {
    "a function": "zenml.orchestrators.cache_utils:get_cached_step_run",
    "a class": "zenml.execution.pipeline.dynamic.outputs:_InlineStepFuture",
    "a method": "zenml.pipelines.pipeline_definition:Pipeline._compile",
    "a whole class": "zenml.orchestrators.step_runner:StepRunner",
}
LATE = "zenml.execution.pipeline.dynamic.runner:DynamicPipelineRunner.launch_step"


def lacking(name: str) -> str:
    return (
        f"ZenML {metadata.version('zenml')} has no {name.replace(':', '.')}, which Kitaru uses. Install it again: "
        f"`pip install --force-reinstall {PACKAGE}`; if that does not help, install a later Kitaru."
    )


def first_on_path(*folders: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([*map(str, folders), str(ROOT)])}


@pytest.fixture
def later(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that finds the metadata of ZenML 0.99 first."""
    folder = tmp_path / "later" / "zenml-0.99.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: zenml\nVersion: 0.99.0\n")
    return first_on_path(folder.parent)


def without(name: str) -> dict[str, str]:
    """The environment of a process whose ZenML lacks a name."""
    return {**first_on_path(PROGRAMS), "TEST_ZENML_WITHOUT": name}


@pytest.fixture
def greeting(project: Project) -> Path:
    """A script with a flow, in a project that has nothing else."""
    return Path(shutil.copy(PROGRAMS / "greeting.py", project.path))


def assert_told(project: Project, env: dict[str, str], message: str) -> None:
    """See that commands that read and that run say a message, and nothing else, and that a script raises it."""
    for command in (["executions", "list"], ["run", "greeting.py:greeting"]):
        done = project.kitaru(*command, env=env, check=False)
        assert (done.stdout, done.stderr, done.returncode) == ("", f"Error: {message}\n", 3), command
    done = project.run("greeting.py", env=env, check=False)
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == f"kitaru.errors.KitaruBackendError: {message}"
    assert done.returncode == 1


def test_the_supported_range_is_the_one_that_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        project["dependency-groups"]["dev"],
    ]
    lines = [line for group in groups for line in group if isinstance(line, str)]
    declared = [found.specifier for found in map(Requirement, lines) if found.name == "zenml"]
    assert len(declared) == 3
    assert {str(one) for one in declared} == {str(Requirement(f"zenml{zenml_version.SUPPORTED}").specifier)}


def test_a_later_zenml_is_told(project: Project, greeting: Path, later: dict[str, str]) -> None:
    assert_told(project, later, LATER)


@pytest.mark.parametrize("mode", ["thread", "inline"])
def test_a_flow_of_this_process_tells_a_later_zenml(
    project: Project, greeting: Path, later: dict[str, str], mode: str
) -> None:
    done = project.run(greeting, env={**later, "KITARU_LOCAL_RUNNER": mode}, check=False)
    assert done.stderr.splitlines()[-1] == f"kitaru.errors.KitaruBackendError: {LATER}"


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_name_that_zenml_lacks_is_told(project: Project, name: str) -> None:
    done = project.kitaru("executions", "list", env=without(name), check=False)
    missing = lacking(name)
    if name.endswith(":StepRunner"):
        missing = lacking(f"{name}._load_input_artifact and no {name}._evaluate_artifact_names_in_collections")
    assert (done.stdout, done.stderr, done.returncode) == ("", f"Error: {missing}\n", 3)


def test_commands_and_calls_tell_a_name_that_zenml_lacks(project: Project, greeting: Path) -> None:
    assert_told(project, without(NAMES["a method"]), lacking(NAMES["a method"]))


def test_a_module_that_zenml_lacks_is_told(project: Project) -> None:
    done = project.kitaru("executions", "list", env=without("sqlmodel"), check=False)
    assert done.returncode == 3
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: ZenML {metadata.version('zenml')} cannot be loaded: ModuleNotFoundError: No module")
    assert f"pip install --force-reinstall {PACKAGE}" in line


def test_a_flow_tells_a_name_that_only_its_runner_needs(project: Project, greeting: Path) -> None:
    env = without(LATE)
    done = project.run(greeting, env={**env, "KITARU_LOCAL_RUNNER": "inline"}, check=False)
    assert done.stderr.splitlines()[-1] == f"kitaru.errors.KitaruBackendError: {lacking(LATE)}"
    assert project.kitaru("executions", "list").stdout.splitlines()[1:] == []
    detached = project.run(greeting, env=env, check=False)
    assert f"its runner exited with code 1 in the middle: {lacking(LATE)}" in detached.stderr
    assert detached.returncode == 1


def test_a_container_tells_a_later_zenml(project: Project, later: dict[str, str]) -> None:
    done = project.run("-m", "kitaru._zenml.running.entrypoint", env=later, check=False)
    assert done.stderr.splitlines()[-1] == f"kitaru.errors.KitaruBackendError: {LATER}"
    assert done.returncode == 1


def test_the_doctor_tells_a_later_zenml_and_a_name_that_is_missing(project: Project, later: dict[str, str]) -> None:
    for env, told in ((later, FOUND), (without(NAMES["a method"]), lacking(NAMES["a method"]))):
        done = project.kitaru("doctor", "--output", "json", env=env, check=False)
        last = json.loads(done.stdout)[-1]
        assert (last["check"], last["state"], last["found"], done.returncode) == ("ZenML", "failed", told, 1)
        assert "pip install" in last["cure"]


def test_an_environment_without_zenml_is_told(project: Project, tmp_path: Path) -> None:
    everything_else = tmp_path / "everything-else"
    everything_else.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith("zenml"):
            (everything_else / path.name).symlink_to(path)
    done = project.run("-S", "-m", "kitaru", "executions", "list", env=first_on_path(everything_else), check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", f"Error: {ABSENT}\n", 3), sys.version


def test_what_needs_no_zenml_works_without_one_that_fits(project: Project, later: dict[str, str]) -> None:
    assert project.kitaru("--help", env=later).stdout.startswith("Usage: kitaru")


def test_a_package_of_the_project_that_hides_a_library_is_named(project: Project) -> None:
    package = project.write("docker/__init__.py", "")
    project.write("main.py", "from kitaru import KitaruClient\nKitaruClient().executions.list()")
    told = (
        f"ZenML cannot be loaded: it needs the library 'docker', and {package.parent} hides it. Rename that module, or"
    )
    done = project.run("main.py", loads=True, check=False)
    assert f"KitaruBackendError: {told}" in done.stderr
    done = project.run("-m", "kitaru", "executions", "list", check=False)
    assert (done.returncode, done.stderr.startswith(f"Error: {told}")) == (3, True)
