"""``kitaru doctor`` tells what works and what does not, with a cure each, and changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Home, Project

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def examine(project: Project, **env: str) -> dict[str, dict[str, str]]:
    """Return what was found by check, failures over what is well; every failure has a cure and makes the exit code."""
    done = project.kitaru("doctor", "--output", "json", env={**NO_ENGINE, **env}, check=False)
    found = json.loads(done.stdout)
    failed = [finding for finding in found if finding["state"] == "failed"]
    assert all(finding["cure"] for finding in failed), failed
    assert done.returncode == bool(failed), done.stderr
    return {finding["check"]: finding for finding in sorted(found, key=failed.__contains__)}


def states(found: dict[str, dict[str, str]]) -> dict[str, str]:
    return {check: finding["state"] for check, finding in found.items()}


WELL = {
    "Python": "ok", "Kitaru": "ok", "Settings": "ok", "ZenML": "ok", "Store": "ok",
    "Server": "unused", "Stack": "ok", "Docker engine": "unused",
}  # fmt: skip


def test_an_empty_home_is_well_and_stays_empty(project: Project, empty_home: Home) -> None:
    project = replace(project, home=empty_home)
    assert states(examine(project)) == WELL
    missing = examine(project, KITARU_STACK="prod")["Stack"]
    assert (missing["state"], missing["found"]) == ("failed", "there is no stack 'prod', which KITARU_STACK asks for")
    assert list(empty_home.path.rglob("*")) == []


def test_a_home_that_works_is_told_in_lines(project: Project, home: Home) -> None:
    before = (home.zenml / "config.yaml").read_bytes()
    lines = project.kitaru("doctor", env=NO_ENGINE).stdout.splitlines()
    assert lines[-1] == "Flows can run here."
    assert f"ok      Store          {home.database}, as default in project default" in lines
    assert "ok      Stack          default, the active one: 4 tries succeeded" in lines
    assert "-       Registry       none in stack 'default'" in lines
    assert (home.zenml / "config.yaml").read_bytes() == before


def test_a_stack_that_lacks_what_it_needs(project: Project) -> None:
    project.kitaru("stack", "create", "containers", "--type", "docker")
    project.run(project.take("doctor/closed_registry.py"))
    project.write("pyproject.toml", '[tool.kitaru]\nstack = "containers"\n')
    found = examine(project)
    assert {check for check, state in states(found).items() if state == "failed"} == {"Docker engine", "Registry"}
    assert "stack 'containers' needs one" in found["Docker engine"]["found"]
    assert "Start the Docker engine" in found["Docker engine"]["cure"]
    assert "127.0.0.1:1 does not answer" in found["Registry"]["found"]
    assert "pyproject.toml" in found["Settings"]["found"]
    assert "Existing stacks: containers, default" in examine(project, KITARU_STACK="container")["Stack"]["found"]


def test_a_broken_store_is_told_with_what_to_do(project: Project, home: Home) -> None:
    well = home.database.read_bytes()
    home.database.write_bytes(b"this is no database" * 100)
    found = examine(project, KITARU_RETRIES="many")
    assert "file is not a database" in found["Store"]["found"]
    assert f"mv {home.database} {home.database}.broken" in found["Store"]["cure"]
    assert "KITARU_RETRIES gives 'many'" in found["Settings"]["found"]
    assert "Stack" not in found  # nothing is known of it
    home.database.write_bytes(well)
    project.take("doctor/stamp_database.py")
    for revision, told in {"0.90.0": "of an earlier ZenML", "9.9.9": "made by a later ZenML"}.items():
        project.run("stamp_database.py", home.database, revision)
        before = home.database.read_bytes()
        assert told in examine(project)["Store"]["found"]
        assert home.database.read_bytes() == before
    (home.zenml / "config.yaml").write_text("{ not yaml")
    assert "config.yaml" in examine(project)["Store"]["cure"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "ftp://example.com"])
def test_a_server_that_does_not_answer(project: Project, url: str) -> None:
    found = examine(project, KITARU_SERVER_URL=url)
    broken = found["Server"] if url.startswith("http") else found["Store"]
    assert broken["state"] == "failed"
    assert "KITARU_SERVER_URL" in broken["found"] + broken["cure"]
