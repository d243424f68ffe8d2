"""Plain ZenML steps in a flow's body: beside checkpoints, with lineage both ways, and recovered like them."""

from __future__ import annotations

import json


def test_steps_and_checkpoints_pass_on_artifacts_in_one_flow(project):
    project.take("lineage/artifact_edges.py", "zenml_steps/number_steps.py", "zenml_steps/beside_checkpoints.py")
    first, second = map(json.loads, project.run("beside_checkpoints.py").stdout.splitlines()[-2:])
    value, edges = first["value"], first["edges"]
    unknown, taken, start_after = value.pop("mistakes")
    assert unknown == "ZenML step 'load' cannot be called like this: got an unexpected keyword argument 'nn'."
    assert taken == "The id 'by_name' of a call of ZenML step 'inc' is taken: choose another."
    assert start_after.startswith("ZenML step 'inc': start_after is not there in a flow.")
    assert value == {
        "whole": 20,
        "text": 10,
        "few": 6,
        "both": 15,
        "later": 8,
        "every": [1, 3, 5, 7, 9],
        "mapped": [1, 3, 5, 7, 9],
        "named": 2,
        "caught": "no such thing",
        "flaky": 5,
        "nosy": "2 inside",
        "started": 8,
    }
    assert edges["double"] == ["load"]
    assert edges["total"] == ["double"]
    assert edges["total_2"] == ["load"]
    assert edges["total_3"] == ["one", "one_2"]
    assert edges["split"] == ["double"]
    assert edges["keep"] == ["split", "split"]
    assert edges["inc"] == ["one"]
    assert edges["keep_2"] == ["inc"]
    assert [edges[f"inc_{i}"] for i in range(2, 7)] == [["double"]] * 5
    assert edges["keep_3"] == [f"inc_{i}" for i in range(2, 7)]
    assert "inc" in first["parents of by_name"]
    assert first["metadata of nosy"] == {"seen": True}
    assert "double" in first["parents of count"]  # though its value was stored once more
    assert (first["attempts at flaky"], first["status of broken"]) == (["failed", "completed"], "failed")
    assert {second[name] for name in ("load", "double", "total", "split", "keep", "inc_4")} == {"cached"}


def test_a_completed_step_is_not_run_again_whatever_ends_the_attempt(project):
    project.take("zenml_steps/number_steps.py", "zenml_steps/cut_off_after_steps.py")
    expected = "4 ['load', 'load', 'stumble', 'stumble', 'total']"
    assert project.run("cut_off_after_steps.py").stdout.splitlines()[-2:] == [expected, expected]


def test_a_failed_step_is_tried_again_and_replayed_like_a_checkpoint(project):
    project.take("zenml_steps/number_steps.py", "zenml_steps/failing_steps.py")
    assert project.run("failing_steps.py").stdout.splitlines()[-5:] == [
        "named builtins.ValueError the first time",
        "4",
        "['fails_first', 'fails_first', 'load']",
        "10 [('load', 'reused'), ('named', 'overridden'), ('one', 'run')]",
        "lost nobody looks at 3",
    ]


def test_materializers_of_zenmls_integrations_are_there_and_load_no_library_that_nobody_uses(project):
    project.take("zenml_steps/fitted_models.py")
    *_, first, fitted, _, grown = project.run("fitted_models.py").stdout.splitlines()
    assert first == "[] []"
    assert (fitted, grown) == ("fit SklearnMaterializer", "tree SklearnMaterializer")
