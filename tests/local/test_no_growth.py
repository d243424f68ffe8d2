"""A process that runs flow after flow keeps nothing of those that have ended."""

from __future__ import annotations


def test_what_modules_know_does_not_grow_with_executions(project):
    project.take("no_growth/sizes_of_modules.py")
    project.run("sizes_of_modules.py", env={"KITARU_LLM_MOCK": "fine", "KITARU_LOCAL_RUNNER": "inline"})
