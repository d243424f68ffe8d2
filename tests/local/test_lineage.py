"""What a checkpoint gets is what the body holds now, and an unchanged result keeps its edge to where it came from."""

from __future__ import annotations

import json


def test_an_unchanged_result_is_passed_on_by_its_artifact(project):
    project.take("lineage/artifact_edges.py", "lineage/passed_values.py", "lineage/unchanged_results.py")
    facts = json.loads(project.run("unchanged_results.py").stdout)
    edges = facts["edges"]
    assert edges["take"] == {"value": ["make"]}
    for i in range(2, 13):
        assert edges[f"take_{i}"] == {"value": [f"make_{i}"]}
    assert edges["take_13"]["value"] == ["make_13", "make_14", "make_15"]
    assert edges["take_14"] == {"value": ["pair"]}
    assert edges["take_15"]["value"] == ["pair", "pair"]
    assert edges["take_16"]["value"] == ["pair_2", "pair_2"]
    assert edges["take_17"]["value"] == ["make_16", "make_13"]
    assert edges["take_all"]["values"] == ["make_13", "make_17"]
    for i in range(18, 25):
        assert "small" not in str(edges[f"take_{i}"])
    assert edges["take_25"]["value"][0] in ("shared", "again")
    assert edges["take_26"] == edges["take_27"] == {"value": ["stored"]}
    assert edges["take_28"]["value"] == ["make_13"]
    assert edges["take_29"] == {"value": ["make_20"]}
    assert edges["take_30"] == {"value": ["make_21"]}
    assert edges["take_31"] == {"value": ["make_20", "make_21"]}
    assert set(facts["parents of take_13"]) >= {"make_13", "make_14", "make_15"}

    # The result of a flow that is a checkpoint's result is that artifact: no second upload.
    assert facts["whole"]
    [output] = facts["outputs of whole"]
    assert [output] == facts["outputs of its make"]

    # Only what the body made itself was stored as an input.
    # The flow's frame and its result; an empty tuple and empty bytes, each of which Python has once and two calls get.
    assert {name.split("_")[1] for name in facts["uploads"]} == {"flow", "input", "result"}
    assert len(facts["uploads"]) == 4


def test_a_part_of_a_result_has_an_edge_to_it_and_order_is_told_from_that(project):
    project.take("lineage/artifact_edges.py", "lineage/parts.py")
    edges, order, graph = json.loads(project.run("parts.py").stdout)
    assert edges["use"] == {"kitaru_part_of": ["fetch"]}  # an element
    assert edges["use_2"] == {"kitaru_part_of": ["report"]}  # a field of a dataclass
    assert edges["use_3"] == {"kitaru_part_of": ["report", "model"]}  # an element of a field, and one of a model
    assert edges["use_4"] == {"kitaru_part_of": ["fetch"]}  # inside a container
    assert edges["use_5"] == {}  # a text that the code has, too
    assert edges["use_6"] == {"value": ["fetch"]}  # whole
    assert edges["use_7"] == {}  # changed
    # The whole has changed, and another part has not.
    assert edges["use_8"] == {"value": ["stored"], "kitaru_part_of": ["fetch"]}
    assert edges["use_9"] == {}  # a number
    assert order == {
        "report": ["fetch"],
        "model": ["report"],
        "use": ["const"],
        "const": ["model"],
        "use_2": ["use"],
        **{f"use_{n}": [f"use_{n - 1}"] for n in range(3, 10)},
    }
    assert graph.count("-. then .->") == 12
    assert graph.count(" --> ") == 7


def test_a_changed_value_is_passed_as_it_is_now_and_never_a_stale_one(project):
    project.take("lineage/passed_values.py", "lineage/changed_values.py")
    assert project.run("changed_values.py", env={"KITARU_CONCURRENCY": "4"}).stdout == "[19, 'other']\n"
