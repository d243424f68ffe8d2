"""Calls with options of their own: their order, cache and resources, and the outputs of many calls, one by one.

The programs stand in ``tests/programs/each_call``.
"""

from __future__ import annotations

import ast
import json


def test_each_call_has_options_of_its_own(project):
    project.take("expecting.py", "each_call/steering_calls.py")
    out = project.run("steering_calls.py").stdout.splitlines()
    assert out[0] == "['note of direct', 1001, 2002, 3003, 4005]"
    after = ast.literal_eval(out[1])
    assert after["last"] == ("note", "note_2", "note_3", "note_4", "nothing")
    assert after["behind-1"] == after["behind-2"] == ("last", "nothing")
    assert after["direct"] == ("behind-1", "behind-2", "nothing")
    assert after["add"] == after["whole"] == ("direct",)
    assert ast.literal_eval(out[2]) == {"add_2": ("both_2", "direct"), "whole": ("both_4", "direct")}
    assert out[3] == "['note of a2', 'note of a3']"
    taken = {"note": ("reused", ()), "note_2": ("reused", ("note",)), "note_3": ("run", ("note",))}
    assert ast.literal_eval(out[4]) == taken
    assert out[5] == "[True, False, True, False, True]"
    statuses = {"work": "cached", "work_2": "completed", "sized": "cached", "again": "cached", "tried": "cached"}
    assert ast.literal_eval(out[6]) == statuses
    assert ast.literal_eval(out[7]) == {"work": None, "sized": 1.0}


def test_executions_have_names_and_tags_and_are_found_by_them(project):
    project.take("expecting.py", "each_call/named_runs.py")
    done = project.run("named_runs.py")
    first = done.stdout.split()[-1]
    assert done.stderr.count("the flow's resources have no effect on stack 'default'") == 1
    listed = project.kitaru("executions", "list", "--tag", "nightly").stdout.splitlines()
    assert len(listed) == 2
    assert listed[0].split() == ["ID", "FLOW", "STATUS", "STACK", "STARTED", "DURATION"]  # of one user: no column
    assert listed[1].startswith(first[:8])
    data = json.loads(
        project.kitaru("executions", "list", "--tag", "a:b", "--user", "default", "--output", "json").stdout
    )
    assert (data[0]["tags"], data[0]["user"]) == (["a:b", "nightly", "numbers"], "default")
    assert "Did you mean 'nightly'?" in project.kitaru("executions", "list", "--tag", "nightl").stderr
    run = ("run", "named_runs.py:report", "--name", "by hand", "--tag", "x", "--tag", "y", "--detach")
    by_hand = project.kitaru(*run).stdout.strip()
    told = project.kitaru("executions", "get", by_hand).stdout
    assert "\nName          by hand\nTags          numbers, x, y\n" in told
    again = project.kitaru(*run, check=False)
    assert again.returncode != 0
    assert f"The name 'by hand' is taken: execution {by_hand}" in again.stderr
