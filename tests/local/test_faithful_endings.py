"""How executions end with calls that still run, what may not start inside of one, and whose a returned value is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Project


def test_an_execution_ends_with_its_body_and_tells_what_became_of_the_calls_that_it_gave_up(project: Project) -> None:
    project.take("faithful/endings.py")
    shown = project.run("endings.py", env={"KITARU_CONCURRENCY": "5"}).stdout.splitlines()
    hedged, first_of_two, timed_out, tried_again, failed, asked = map(json.loads, shown[:-1])
    reason = "the flow's body has ended without waiting for it"
    assert hedged == ["soon", {"hang": ["cancelled", 1], "soon": ["completed", 1]}, [reason]]
    assert first_of_two == ["soon", {"hang_in_thread": ["cancelled", 1], "soon": ["completed", 1]}, [reason]]
    # What was only passed to a call that was given up is given up, too.
    assert timed_out[0] == ["hang_in_thread", "pass_on", "map"]
    assert timed_out[1] == {f"hang_in_thread{number}": ["cancelled", 1] for number in ("", "_2", "_3", "_4")}
    assert timed_out[2] == [reason]
    # What runs on is the next attempt's.
    assert tried_again == ["go", {name: ["completed", 1] for name in ("until", "plain_until", "touch")}, []]
    assert failed == ["at once", {"hang": ["cancelled", 1], "hang_in_thread": ["cancelled", 1]}, [reason]]
    assert asked == [True, {"hang_in_thread": ["cancelled", 2]}, [reason]]  # it did not hold the pause either
    assert shown[-1] == "True"


def test_a_call_has_a_place_only_when_what_it_waits_for_is_there(project: Project) -> None:
    project.take("faithful/passed_on.py")
    assert project.run("passed_on.py", env={"KITARU_CONCURRENCY": "2"}).stdout == "['go', 'go', 'go', 'go', 'go']\n"


def test_nothing_starts_executions_inside_of_one(project: Project) -> None:
    project.take("expecting.py", "faithful/starting_inside.py")
    value, flows = project.run("starting_inside.py").stdout.splitlines()
    names = ["plus_one", "starts", "starts_2", "starts_3", "starts_async"]
    assert value == f"['run', 'replay', 'replay_many', 'async', 2] {names}"
    assert flows == "['outer']"


def test_a_body_gets_a_value_as_it_was_stored_whoever_keeps_and_changes_it(project: Project) -> None:
    project.take("faithful/one_list.py")
    is_same, seen = json.loads(project.run("one_list.py").stdout)
    assert is_same
    assert seen == [["a"], {"history": [["a", "b", "by the body"], 1]}, ["a"], ["a", "b", "c"]]
