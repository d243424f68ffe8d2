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
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")

# What each example prints, as a pattern: arguments, then what the end of its output is like.
PRINTED: dict[str, tuple[list[str], str]] = {
    "quickstart.py": ([], r"execution [-0-9a-f]{36}\nKitaru runs anywhere ZenML does \(5 words\)"),
    "documents.py": (
        [],
        (
            r"bakery.txt +5.60\nbooks.txt +30.50\ngarage.txt +272.00\nsum +308.10\n"
            r"not read: cafe.txt: the items make 2.90, the total says 29.00"
        ),
    ),
    "tool_agent.py": (
        [],
        r"There are 11 packets of cocoa.\n  ask_model: completed, started 2 times\n(  \w+: completed, started 1 times\n?){4}",
    ),
    "train_model.py": ([], r"the best model is right in 9\d% of the cases\nit reads a 0 as 0"),
    "switch_stacks.py": (
        ["default", "default"],
        r"(default +submitted in .* s, result after .* s: {'flow': 1, .*'the': 2, .*}\n){2}the same result on all of them",
    ),
    "replay_fix.py": (
        [],
        (
            r"broken: amount_3, could not convert string to float: '1,99'\n"
            r"total: 21.74\n  download: reused\n  amount: reused\n  amount_2: reused\n  amount_3: run\n"
            r'.*decimal: changed\n    "\." → ",".*Equal checkpoints: download, amount, amount_2$'
        ),
    ),
    "replay_prompts.py": (
        ["3"],
        r'3 completed, 0 failed\n(\w{8}  prompt, answer    "7 words, so there"  ->  "9 words, thank you"\n?){3}',
    ),
}
# Those that need more than to be started, each with a test of its own below; and what they import.
OWN_TESTS = {"code_survey.py", "research.py", "survive.py"}
IMPORTED = {"python_source.py"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_every_example_is_short_run_by_a_test_and_told_by_the_readme(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 80
    assert path.name in PRINTED or path.name in OWN_TESTS | IMPORTED, "say in PRINTED what it prints"
    assert f"[{path.name}]({path.name})" in README


def test_the_readme_names_no_example_that_is_not_there() -> None:
    assert [name for name in re.findall(r"\[(\w+\.py)\]", README) if not (EXAMPLES / name).is_file()] == []


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_prints_what_it_says(project: Project, name: str) -> None:
    arguments, expected = PRINTED[name]
    printed = project.run(EXAMPLES / name, *arguments, env={"KITARU_PROGRESS": "off"}).stdout.strip()
    assert re.search(expected, printed, flags=re.DOTALL), printed


def test_the_basics_of_dynamic_pipelines_are_ten_flows(project: Project) -> None:
    folder = EXAMPLES / "dynamic_basics"
    printed = [
        line
        for program in ("fan_out.py", "each_call.py")
        for line in project.run(folder / program, env={"KITARU_PROGRESS": "off"}).stdout.splitlines()
    ]
    assert printed == [
        "mapped [12, 24, 36]",
        "products [11, 21, 12, 22]",
        "unpacked [14, 36]",
        "weighed [11, 22, 33]",
        "batched [20, 10, 26, 19]",
        "submitted page 1, page 2",
        "optioned True",
        "ordered True",
        "identified ['page-3', 'page-4']",
        "looped [6, 3, 10, 5, 16, 8, 4, 2, 1]",
    ]
    told = (folder / "README.md").read_text(encoding="utf-8")
    assert [line.split()[0] for line in printed if f"`{line.split()[0]}`" not in told] == []


def test_the_quickstart_flow_runs_from_the_command_line(project: Project) -> None:
    done = project.kitaru("run", f"{EXAMPLES / 'quickstart.py'}:research", "--input", '{"topic": "ZenML"}', "--wait")
    assert "ZenML runs anywhere ZenML does (5 words)" in done.stdout


def test_research_goes_on_as_the_person_says(project: Project, eventually: Callable[..., object]) -> None:
    research = project.popen(EXAMPLES / "research.py", "tides")
    assert research.stdout is not None
    exec_id = research.stdout.readline().split()[1]

    def asked() -> str:
        return project.kitaru("executions", "get", exec_id).stdout.partition("Waits for")[2]

    eventually(lambda: "Tides, draft 1: The moon" in asked(), what="the first draft")
    project.kitaru("executions", "input", exec_id, "--value", '{"release": false, "remark": "the sun"}')
    eventually(lambda: "Tides, draft 2" in asked(), what="the second draft")
    project.kitaru("executions", "input", exec_id, "--value", '{"release": true}')
    printed, _ = research.communicate(timeout=300)
    assert printed.startswith("released: Tides, draft 2: ")


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


# -- the code survey --------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(project: Project) -> Path:
    """A source tree of modules some of which cannot be surveyed."""
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
    assert "| `Decider.decide` | `sub/branchy.py:2` | 6 | 5 | 36 |\n| `inner` | `more.py:1` | 3 | 0 | 3 |" in report
    assert re.findall(r"^Not surveyed: `(\S+)`: ", report, flags=re.MULTILINE) == ["binary.py", "broken.py"]
    assert report.startswith(printed[:100])
    assert re.search(r"^execution  [-0-9a-f]{36}$", printed, flags=re.MULTILINE)


def test_a_second_survey_parses_again_only_what_has_changed(project: Project, tree: Path) -> None:
    first, printed = survey(project, tree, "--batch-size", "1")
    assert from_cache(printed) == (7, 0)  # list, five modules one by one, render
    again, printed = survey(project, tree, "--batch-size", "1")
    assert again == first
    assert from_cache(printed) == (7, 6)  # the tree itself is listed anew
    (tree / "simple.py").write_text("def straight(x):\n    return 1 if x else 2\n", encoding="utf-8")
    changed, printed = survey(project, tree, "--batch-size", "1")
    assert "| `straight` | `simple.py:1` | 2 | 1 | 4 |" in changed
    assert from_cache(printed) == (7, 4)  # the other four modules


def test_a_plain_word_is_a_package_whatever_the_folder_holds(project: Project) -> None:
    project.write("click/decoy.py", "def decoy(): pass\n")
    report, _ = survey(project, "click")
    assert "decoy" not in report
    report, _ = survey(project, "./click")
    assert "| `decoy` | `decoy.py:1` |" in report


def test_an_empty_tree_gives_an_empty_report(project: Project) -> None:
    (project.path / "nothing").mkdir()
    report, _ = survey(project, "nothing")
    assert "0 modules, 0 lines, 0 functions." in report


@pytest.mark.parametrize("target", ["no_such_package", "sys", "./no/such/folder"])
def test_a_target_without_source_is_one_clear_line(project: Project, target: str) -> None:
    done = project.run(EXAMPLES / "code_survey.py", target, check=False)
    assert done.returncode == 1
    assert done.stderr == f"'{target}' is neither an installed package nor a folder\n"


def test_the_survey_of_zenml_itself(project: Project) -> None:
    """The main job on real input: what ``make demo`` runs."""
    report, printed = survey(project)
    modules = re.search(r"^(\d+) modules, (\d+) lines, (\d+) functions\.$", report, flags=re.MULTILINE)
    assert modules
    assert int(modules[1]) > 500
    assert int(modules[3]) > 5000
    assert len(re.findall(r"^\| `", report, flags=re.MULTILINE)) == 20
    assert "Not surveyed" not in report
    assert from_cache(printed)[0] == 2 + -(-int(modules[1]) // 40)
