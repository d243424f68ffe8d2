"""Values and surroundings arrive as they were, and what code records does not fail it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project


def test_metadata_takes_what_a_training_has_at_hand_and_never_fails_it(project: Project) -> None:
    project.take("faithful/logged.py")
    value, of_flow, of_checkpoint, warnings = json.loads(project.run("logged.py").stdout)
    assert value == "trained"
    assert of_flow == {"epochs": [0, 1], "losses": {"0": "Infinity"}}
    assert of_checkpoint == {
        "loss": 0.5,
        "step": 3,
        "worst": "NaN",
        "shape": [2, 3],
        "at": "x",
        "page": "https://x",
        "good": True,
    }
    assert [line.partition("kitaru.log(")[2].partition("=")[0] for line in warnings] == ["lock", "nothing", "long"]
    assert "a value of type lock" in warnings[0]
    assert "kitaru.save('lock', ...)" in warnings[0]


def test_an_answer_in_json_fits_a_strict_model_also_when_it_is_read_again(project: Project) -> None:
    project.take("faithful/strict_answers.py")
    reviews = json.loads(project.run("strict_answers.py").stdout)
    assert reviews == ["Review Verdict.OK 2026-01-31 (1.0, 0.5)"] * 2


@pytest.mark.parametrize(("grace", "is_cleaned"), [("60", True), ("1", False)])
def test_a_cancelled_flow_cleans_up_as_long_as_it_may(project: Project, grace: str, *, is_cleaned: bool) -> None:
    project.take("faithful/cleaning_up.py")
    assert project.run("cleaning_up.py", env={"KITARU_CANCEL_GRACE": grace}).stdout == "cancelled\n"
    assert (project.path / "cleaned").exists() is is_cleaned
    (exec_id,) = json.loads(project.kitaru("executions", "list", "--output", "json").stdout)
    log = project.kitaru("executions", "logs", exec_id["exec_id"], "--source", "runner").stdout
    assert ("within the 1 s that it has to clean up (KITARU_CANCEL_GRACE)" in log) is not is_cleaned


def test_a_script_has_a_stdout_while_its_runner_imports_it(project: Project) -> None:
    project.take("faithful/stdout_at_import.py")
    spoken, told = project.run("stdout_at_import.py", loads=True).stdout.splitlines()
    said, times = json.loads(told)
    assert spoken == "the top level speaks"
    assert sorted(said) == [["info", "printed"], ["info", "training started"]]
    assert times == 1


@pytest.mark.parametrize("loads", [True, False], ids=["by the host", "by the program"])
def test_a_runner_has_the_arguments_of_the_program_that_started_it(project: Project, *, loads: bool) -> None:
    project.take("faithful/argv.py")
    given = ["resnet", "--epochs", "50"]
    exec_id = project.run("argv.py", *given, loads=loads).stdout.strip()
    (project.path / "mended").touch()
    project.kitaru("executions", "retry", exec_id)
    again = f"from kitaru import FlowHandle; print(FlowHandle.from_id({exec_id!r}).wait(progress=False))"
    assert project.run("-c", again).stdout.strip() == str(["resnet", 50, given])
    shown = project.kitaru("executions", "get", exec_id, "--output", "json").stdout
    assert "--epochs" not in shown, "the store does not know them"


@pytest.mark.parametrize("shortcuts", ["on", "off"])
def test_a_value_whose_files_are_gone_is_made_anew_or_named(project: Project, shortcuts: str) -> None:
    project.take("faithful/deleted_value.py")
    told = project.run("deleted_value.py", env={"KITARU_SHORTCUTS": shortcuts}).stdout.splitlines()[-1]
    seen, warned, ran, again, artifact, exec_id, replayed = json.loads(told)
    assert seen == ["5000", "5000"]
    assert warned == [1, 0]
    assert (
        f"What checkpoint 'expensive' returned is gone: artifact {artifact} is in the artifact store no more" in again
    )
    assert f"kitaru executions replay {exec_id} --at expensive" in again
    assert replayed == "5000"
    assert ran == 4


def test_an_exception_is_told_whatever_its_text_is(project: Project) -> None:
    project.take("faithful/odd_texts.py")
    caught, odd, also, lone = json.loads(project.run("odd_texts.py").stdout)
    assert (caught, also) == ("OddError", "LoneError")
    assert [odd[0], odd[2]] == [lone[0], lone[2]] == ["KitaruUserCodeError", 1]
    assert odd[1].endswith("odd_texts.OddError: <its text cannot be had: str() raises RuntimeError>")
    assert lone[1].endswith("odd_texts.LoneError: file \\udcff.txt")


def test_an_object_arrives_with_all_that_it_holds(project: Project) -> None:
    project.take("faithful/state.py")
    first, second = map(json.loads, project.run("state.py").stdout.split("\n")[:2])
    assert second == first
    for here, next_one, in_a_list in first:
        assert here == next_one == in_a_list
    kinds = {here.split()[0]: here for here, _, _ in first}
    assert "('vocabulary', {'a': 0, 'b': 1})" in kinds["Tokenizer"]
    assert "('extra', 2)" in kinds["OnSlots"]
    assert "('_seen', [4]), ('a', 1), ('more', 2)" in kinds["Model"]
    assert "('owner', 'me')" in kinds["Tags"]
    assert "('code', 3)" in kinds["OddError"]


@pytest.mark.parametrize("name", ["children.py", "run.v2.py", "children"])
def test_a_flow_starts_from_any_child_of_a_script_of_any_name(project: Project, name: str) -> None:
    project.take("faithful/children.py", name=name)
    seen = json.loads(project.run(name, loads=True).stdout)
    assert seen == {"spawn": [2, True], "forkserver": [2, True], "here": [2, True]}


def test_a_path_stays_a_path_and_a_file_keeps_its_content(project):
    project.take("faithful/kept_files.py")
    first, second, lengths, plots = json.loads(project.run("kept_files.py").stdout)
    assert (
        first
        == second
        == [
            ["model.pkl", "plots"],
            ["model.pkl", ".pkl", True],
            ["plots", "", True],
            *[["data.csv", "data.csv", "1,2"]] * 2,
            ["given", ["x"]],
            *[[name, name, name] for name in ("a.txt", "b.txt")],
            ["plots", ["a.txt", "b.txt"]],
            ["own.txt", "own.txt", "own"],
            *[[name, name] for name in ("a.txt", "b.txt")],
        ]
    )
    assert lengths == [3, 3]
    assert plots == ["a.txt", "b.txt"]
    # Once each, however often they are given to calls: the flow's file and its folder, the body's file, the folder in a result.
    stored = json.loads(project.run("kept_files.py", "stored").stdout)
    assert [name for name, _ in stored if name in ("file", "folder")] == ["file"] * 2 + ["folder"] * 2
    for name, artifact_id in stored:
        project.kitaru("artifacts", "get", artifact_id, "--save", f"{name}-{artifact_id}")
    assert {path.read_text() for path in project.path.glob("file-*")} == {"1,2", "own"}
    assert {path.name for path in project.path.glob("folder-*/*")} == {"x", "a.txt", "b.txt"}


def test_the_cache_knows_a_value_again_in_another_process_and_tells_it_from_others(project):
    project.take("faithful/cached_values.py")
    right, _ = json.loads(project.run("cached_values.py").stdout)
    assert right
    right, run = json.loads(project.run("cached_values.py", env={"PYTHONHASHSEED": "7"}).stdout)
    assert right
    assert run == ["made"]
