"""Executions, their artifacts and logs can be read from any process."""

from __future__ import annotations


def test_executions_artifacts_and_logs(project):
    project.take("expecting.py", "client/article_flows.py", "client/read_executions.py")
    project.run("read_executions.py")


def test_an_artifact_has_the_kind_that_lists_show_it_with(project):
    project.take("client/artifact_kinds.py")
    project.run("artifact_kinds.py")
