"""Hooks of flows and checkpoints are called once for each end, and harm nothing."""

from __future__ import annotations


def test_hooks_of_every_end_are_called_once(project):
    project.take("hooks/hook_flows.py", "hooks/run_hooked.py")
    project.run("run_hooked.py")


def test_hooks_that_nobody_could_call_are_refused(project):
    project.take("hooks/refused_hooks.py")
    project.run("refused_hooks.py")
