"""Every kind of value is the same in the body, in the next checkpoint, after recovery from the store and in the result."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def sent(project):
    """``sent(way)``: send a value of every kind on its way, and give the complaints about those that have changed."""

    def sent(way):
        project.take("values/sameness.py", "values/every_kind.py")
        return project.run("every_kind.py", way).stdout

    return sent


def test_a_value_is_the_same_in_the_body_the_next_checkpoint_after_recovery_and_in_the_result(sent):
    assert sent("checkpoints") == "\n"


def test_a_value_is_the_same_as_input_and_result_of_a_flow(sent):
    assert sent("flows") == "\n"


def test_what_cannot_be_stored_fails_with_its_type_and_the_remedy(project):
    project.take("values/unstorable.py")
    assert project.run("unstorable.py").stdout == "all refused\n"


def test_a_value_that_is_given_again_is_stored_once_and_again_when_it_has_changed(project):
    project.take("values/given_again.py")
    seen, stored = json.loads(project.run("given_again.py").stdout)
    assert seen == [
        *(["a", "new 1"], ["a", "new 2"], [1.0, 1.0], [1.0, 1.0], [2.0], [3.0]),
        *(["a", "new 3"], ["a", "new 4"]),
        *(["a", "b", "new 5"], [6.0, 6.0], [16.0]),
        *(["a", "b"], [5.0, 5.0], [11.0]),
        *(["first"], ["second"]),
    ]
    assert stored == 3 + 3 + 2
