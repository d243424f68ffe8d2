"""Hundreds of kinds of values stay what they are, wherever they come from: a call, the store, the cache, a replay."""

from __future__ import annotations

import json


def test_values_of_hundreds_of_kinds_are_the_same_wherever_they_come_from(project):
    project.take(*(f"values/{name}.py" for name in ("sameness", "every_kind", "more_kinds", "round_trips")))
    count, *complaints, run = json.loads(project.run("round_trips.py", timeout=600).stdout)
    assert count > 400
    assert complaints == ["", [], [], []]
    # Of the second execution, in another process, all came from the cache. An argument that has the place in memory of an
    # equal value that is gone may be passed as that one's artifact, in a list as another form of call.
    assert [name for name in run if not name.startswith("argued")] == []
    assert len(run) < 5
