"""The examples do what they say, run as a user runs them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Home, Project

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_quickstart_prints_the_result(project: Project) -> None:
    lines = project.run(EXAMPLES / "quickstart.py").stdout.splitlines()
    assert re.fullmatch(r"execution [-0-9a-f]{36}", lines[0])
    assert lines[1:] == ["Kitaru runs anywhere ZenML does (5 words)"]


def test_the_quickstart_flow_runs_from_the_command_line(project: Project) -> None:
    done = project.kitaru("run", f"{EXAMPLES / 'quickstart.py'}:research", "--input", '{"topic": "ZenML"}', "--wait")
    assert "ZenML runs anywhere ZenML does (5 words)" in done.stdout


def test_survive_finishes_though_its_worker_was_killed(
    project: Project, home: Home, eventually: Callable[..., object]
) -> None:
    lines = project.run(EXAMPLES / "survive.py").stdout.splitlines()
    events = [line.partition(": ")[2] for line in lines if line.startswith("process ")]
    assert events == ["prepare", "crash_once, killed", "crash_once, again", "finish"]
    workers = [line.partition(":")[0] for line in lines if line.startswith("process ")]
    assert workers[0] == workers[1] != workers[2] == workers[3]
    assert lines[-1] == "result 42; prepare ran 1 time"
    eventually(lambda: not home.processes(), what="the end of every process of the execution")


def test_a_fix_is_tried_from_the_broken_step_on(project: Project) -> None:
    printed = project.run(EXAMPLES / "replay_fix.py", env={"KITARU_PROGRESS": "off"}).stdout
    assert "broken: amount_3, could not convert string to float: '1,99'" in printed
    assert "total: 21.74\n  download: reused\n  amount: reused\n  amount_2: reused\n  amount_3: run\n" in printed
    assert 'decimal: changed\n    "." → ","' in printed
    assert "Equal checkpoints: download, amount, amount_2" in printed


def test_recorded_executions_are_run_against_another_prompt(project: Project) -> None:
    lines = project.run(EXAMPLES / "replay_prompts.py", "3").stdout.splitlines()
    assert lines[0] == "3 completed, 0 failed"
    assert len(lines) == 4
    assert all('prompt, answer    "7 words, so there"  ->  "9 words, thank you"' in line for line in lines[1:])


# -- the code survey --------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(project: Project) -> Path:
    """A source tree of five modules, some of which cannot be surveyed."""
    project.write("tree/simple.py", "def straight() -> int:\n    return 1\n")
    project.write(
        "tree/sub/branchy.py",
        """
        class Decider:
            async def decide(self, a, b):
                if a and b:
                    return [x for x in b]
                for each in a:
                    while each:
                        each -= 1
        """,
    )
    project.write("tree/more.py", "def inner():\n    def nested(): pass\n    return nested\n")
    project.write("tree/broken.py", "def oops(:\n")
    (project.path / "tree" / "binary.py").write_bytes(b"\xff\xfe\x00")
    (project.path / "tree" / "dangling.py").symlink_to("nowhere.py")
    project.write("tree/.hidden/not_ours.py", "def hidden(): pass\n")
    project.write("tree/env/pyvenv.cfg", "")
    project.write("tree/env/lib.py", "def installed(): pass\n")
    return project.path / "tree"


def survey(project: Project, *arguments: str | Path) -> tuple[str, str]:
    """Run the survey and return its report and what it printed."""
    printed = project.run(EXAMPLES / "code_survey.py", *arguments, "--output", "report.md").stdout
    return (project.path / "report.md").read_text(encoding="utf-8"), printed


def from_cache(printed: str) -> tuple[int, int]:
    """Return how many checkpoints there were, and how many of them came from the cache."""
    match = re.search(r"^(\d+) checkpoints, (\d+) of them from the cache$", printed, flags=re.MULTILINE)
    assert match, printed
    return int(match[1]), int(match[2])


def test_the_survey_ranks_functions_and_reports_what_it_cannot_read(project: Project, tree: Path) -> None:
    report, printed = survey(project, tree)
    assert "3 modules, 12 lines, 4 functions." in report
    assert "| 1 | `Decider.decide` | `sub/branchy.py:2` | 6 | 5 | 36 |" in report
    assert "| 2 | `inner` | `more.py:1` | 3 | 0 | 3 |" in report
    assert "## Not surveyed (3)" in report
    assert re.findall(r"^- `(\w+\.py)`: ", report, flags=re.MULTILINE) == ["dangling.py", "binary.py", "broken.py"]
    assert report.startswith(printed[:100])
    assert re.search(r"^execution  [-0-9a-f]{36}$", printed, flags=re.MULTILINE)
    assert "zenml pipeline runs list" in printed


def test_a_second_survey_parses_again_only_what_has_changed(project: Project, tree: Path) -> None:
    first, printed = survey(project, tree, "--batch-size", "1")
    assert from_cache(printed) == (8, 0)  # list, five modules one by one, rank, render
    again, printed = survey(project, tree, "--batch-size", "1")
    assert again == first
    assert from_cache(printed) == (8, 7)  # the tree itself is listed anew
    (tree / "simple.py").write_text("def straight(x):\n    return 1 if x else 2\n", encoding="utf-8")
    changed, printed = survey(project, tree, "--batch-size", "1")
    assert "| `straight` | `simple.py:1` | 2 | 1 | 4 |" in changed
    assert from_cache(printed) == (8, 4)  # the other four modules


def test_a_plain_word_is_a_package_whatever_the_folder_holds(project: Project) -> None:
    project.write("typing_extensions/decoy.py", "def decoy(): pass\n")
    report, _ = survey(project, "typing_extensions")
    assert "decoy" not in report
    assert "1 modules, " in report
    report, _ = survey(project, "./typing_extensions")
    assert "| 1 | `decoy` | `decoy.py:1` |" in report


def test_an_empty_tree_gives_an_empty_report(project: Project) -> None:
    (project.path / "nothing").mkdir()
    report, _ = survey(project, "nothing")
    assert "0 modules, 0 lines, 0 functions." in report


@pytest.mark.parametrize("target", ["no_such_package", "sys", "./no/such/folder"])
def test_a_target_without_source_is_one_clear_line(project: Project, target: str) -> None:
    done = project.run(EXAMPLES / "code_survey.py", target, check=False)
    assert done.returncode == 1
    assert done.stderr == f"'{target}' is neither a path nor an installed package or module with Python source\n"


def test_the_survey_of_zenml_itself(project: Project) -> None:
    """The main job on real input: what ``make demo`` runs."""
    report, printed = survey(project)
    modules = re.search(r"^(\d+) modules, (\d+) lines, (\d+) functions\.$", report, flags=re.MULTILINE)
    assert modules
    assert int(modules[1]) > 500
    assert int(modules[3]) > 5000
    assert len(re.findall(r"^\| \d+ \| ", report, flags=re.MULTILINE)) == 20
    assert "Not surveyed" not in report
    assert from_cache(printed)[0] == 3 + -(-int(modules[1]) // 40)
