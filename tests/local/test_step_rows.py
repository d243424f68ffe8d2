"""What Kitaru writes of steps into a local store is, row by row and column by column, what ZenML writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.conftest import Home

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project


def test_steps_of_every_kind_are_written_as_zenml_writes_them(project: Project, tmp_path: Path) -> None:
    project.take("step_rows/kinds.py")
    by_kitaru, counts = _written(project, Home(tmp_path / "by-kitaru"), "on")
    by_zenml, none = _written(project, Home(tmp_path / "by-zenml"), "off")
    assert none == {}
    assert counts.keys() == {
        "create_logs",
        "create_run_step",
        "update_run_step",
        "batch_create_artifact_versions",
        "create_artifact_version",
    }
    steps = len(by_zenml["step_run"])
    assert steps > 100
    # The rest are unusual, and left to ZenML: further attempts, failures, models, versions and tags.
    assert counts["create_run_step"] > 0.8 * steps
    for table, rows in by_zenml.items():
        assert by_kitaru[table] == rows, table


def _written(project: Project, home: Home, shortcuts: str) -> tuple[dict[str, list[str]], dict[str, int]]:
    home.path.mkdir()
    shown = project.run("kinds.py", env={**home.env, "KITARU_SHORTCUTS": shortcuts}).stdout
    home.end_processes()
    told = json.loads(shown.splitlines()[-1])
    return told["rows"], told["written"]


def test_a_call_is_compiled_from_an_earlier_one_as_zenml_compiles_it(project: Project) -> None:
    project.take("step_rows/compiled.py")
    compared = json.loads(project.run("compiled.py").stdout.splitlines()[-1])
    assert len(compared) > 60
    assert {name: difference for name, difference in compared if difference} == {}
