"""What code records while it runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

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
