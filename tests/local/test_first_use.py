"""The first use of Kitaru in a program that has threads: one of them loads ZenML, and the others wait for it."""

from __future__ import annotations

import json


def test_eight_threads_that_use_kitaru_first_in_eight_ways(project):
    project.take("first_use/eight_first_uses.py")
    done = project.run("eight_first_uses.py", timeout=400, loads=True)
    assert json.loads(done.stdout) == [42, [], [], [], "default", ["default"], [], []]
