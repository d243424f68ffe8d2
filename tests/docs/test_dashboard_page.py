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

LOOK = """
    import pandas as pd
    import kitaru
    from zenml.client import Client
    from kitaru import KitaruClient, checkpoint, flow
    from survey import rate, report, survey

    PIXEL = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360f8cf50000003040180e1a5d3e30000000049454e44ae426082"
    )

    @checkpoint(type="tool_call")
    def gather(name: str) -> dict:
        kitaru.log(signs=len(name))
        kitaru.save("page", kitaru.HTML("<p>"))
        return {"text": kitaru.Markdown("# a"), "pixel": kitaru.Picture(PIXEL), "rows": kitaru.Table([{"x": (1, 2)}]), "n": 3}

    @checkpoint(type="thinking")
    def frame(parts: dict) -> pd.DataFrame:
        assert [type(part).__name__ for part in parts.values()] == ["Markdown", "Picture", "Table", "int"], parts
        return pd.DataFrame({"x": [1, 2]})

    @flow(cache=True)
    def look(name: str) -> kitaru.Markdown:
        parts = gather(name)
        frame(parts)
        return report(rate([name]))

    def shown(exec_id: str) -> dict:
        steps = Client().get_pipeline_run(exec_id).steps
        return {
            name: (str(one.status), [v.type.value for out in one.regular_outputs.values() for v in out.visualizations or []])
            for name, one in sorted(steps.items())
        }

    if __name__ == "__main__":
        assert survey.run("tides").wait().startswith("# PAGES")
        handle = look.run("tides")
        assert type(handle.wait()) is kitaru.Markdown
        run = Client().get_pipeline_run(handle.exec_id)
        print(run.name)
        print(sorted(tag.name for tag in run.tags))
        print(run.run_metadata["kitaru_settings"])
        print({name: one.type for name, one in sorted(run.steps.items())})
        print(shown(handle.exec_id))
        again = look.run("tides")
        again.wait()
        replay = look.replay(again.exec_id, at="frame")
        replay.wait()
        client = KitaruClient()
        for execution in (handle.execution, again.execution, replay.execution):
            first = execution.checkpoints[0]
            print(first.status, first.metadata, kitaru.load(execution.exec_id, "page"))
            for artifact in execution.artifacts:
                print(artifact.name, artifact.type, type(client.artifacts.get(artifact.id).load()).__name__)
        print(shown(again.exec_id)["gather"])
"""


def test_its_program_runs_and_its_values_are_shown_as_what_they_are(project: Project) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    project.write("survey.py", program)
    project.write("look.py", LOOK)
    lines = project.run("look.py", env={"ZENML_LOGGING_VERBOSITY": "WARN"}).stdout.splitlines()
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
