"""Retries of a flow: what counts as a failure, what runs again, and what a reader finds out."""

from __future__ import annotations

# What the programs of these tests share.
HELPERS = ("expecting.py", "retries/counting.py")


def test_an_execution_is_tried_again_and_completed_checkpoints_keep_their_results(project):
    project.take(*HELPERS, "retries/tried_again.py")
    assert project.run("tried_again.py").stdout == "as promised\n"


def test_retries_that_are_used_up_raise_what_the_user_wrote(project):
    project.take(*HELPERS, "retries/failing.py", "retries/used_up.py")
    ran = project.run("used_up.py", env={"KITARU_LOCAL_RUNNER": "inline"})
    assert ran.stdout.splitlines()[-1] == "as written"
