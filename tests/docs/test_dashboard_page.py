"""The page about the dashboard is true: its program runs, its values are shown as it says, its pictures are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Project

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
SIZE = 200_000


def test_its_program_runs_and_its_values_are_shown_as_what_they_are(project: Project) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    project.write("survey.py", program)
    project.take("docs/shown_values.py")
    lines = project.run("shown_values.py", env={"ZENML_LOGGING_VERBOSITY": "WARN"}).stdout.splitlines()
    assert re.fullmatch(r"look-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d-[0-9a-f]{6}", lines[0])
    assert lines[1] == "['kitaru', 'look']"
    assert "'stack': 'default (the active stack)'" in lines[2]
    assert "'frame': None, 'gather': <StepType.TOOL_CALL: 'tool_call'>, 'rate': None" in lines[3]
    markdown, image, table = "markdown", "image", "csv"
    assert lines[4] == str({
        "frame": ("completed", [table]),
        "gather": ("completed", [markdown, image, table]),
        "rate": ("completed", [table]),
        "report": ("completed", [markdown]),
    })  # fmt: skip
    for status in ("completed", "cached", "skipped"):
        start = lines.index(f"{status} {{'signs': 5}} <p>")
        assert sorted(lines[start + 1 : start + 7]) == [
            "bars kitaru.visualizations.HTML HTML",
            "frame pandas.DataFrame DataFrame",
            "gather builtins.dict dict",
            "page kitaru.visualizations.HTML HTML",
            "rate kitaru.visualizations.Table Table",
            "report kitaru.visualizations.Markdown Markdown",
        ]
    assert lines[-1] == str(("cached", [markdown, image, table]))


def test_without_a_server_there_is_no_dashboard_and_a_way_to_one(project: Project) -> None:
    done = project.kitaru("dashboard", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the local store, which has no dashboard" in done.stderr
    for command in ("`kitaru login`", "`kitaru login URL`", "pip install"):
        assert command in done.stderr


def test_its_pictures_are_there_and_small() -> None:
    named = re.findall(r"!\[[^]]+\]\((images/[^)]+)\)", PAGE)
    assert {Path(name).name for name in named} == {file.name for file in (ROOT / "docs" / "images").iterdir()}
    for name in named:
        assert 1000 < (ROOT / "docs" / name).stat().st_size < SIZE, name
