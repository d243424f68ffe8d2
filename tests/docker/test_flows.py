"""Executions in containers, steered from outside: pausing, retrying, cancelling, killing."""

from __future__ import annotations

import json
import socket

import pytest

pytestmark = pytest.mark.docker

FLOWS = "containers/container_flows.py"


def test_executions_pause_and_are_answered_retried_cancelled_and_recovered(docker, script):
    docker.take(FLOWS)
    found, told = script("steer_containers.py")
    assert found["paused"] == "waiting"
    (before, answer, after), attempts = found["asked"]
    assert answer is True
    assert before != after  # another container
    assert attempts == ["completed"]
    assert "first speaks" in found["logs"]
    assert found["stacks"] == ["docker", "default"]
    assert found["here"][0] == [socket.gethostname(), True, socket.gethostname()]

    assert "ValueError: not here" in found["reason"]
    (once, again), attempts = found["mended"]
    assert once != again  # what was completed did not run again
    assert attempts == ["failed", "completed"]

    (text, name, path, [note]), _ = found["carried"]
    assert (text, name) == ("from outside", "notes.txt")
    assert path in note
    assert "kitaru.File(" in note

    assert found["killed"][1] == ["lost", "completed"]
    assert "exit code 137" in found["lost"]
    here = socket.gethostname()  # whoever finds the container gone has the hook called
    assert found["hooked"] == [[f"completed {found['killed'][0][1]}"], [f"failed {here}"], [f"cancelled {here}"]]
    assert found["retried"] != "failed"
    assert found["again"][1] == ["lost", "completed"]
    assert found["cancelled"] == ["cancelled", None]
    # One warning of the checkpoint that wants a container of its own, where there are none.
    assert told.count("not_twice will run in the flow's own") == 1


def test_a_script_that_starts_its_flow_at_its_top_level_runs_once(docker, script):
    found, _ = script("unguarded_container.py")
    assert found[1] == 2
    listed = json.loads(docker.kitaru("executions", "list", "--output", "json").stdout)
    assert [execution["exec_id"] for execution in listed] == [found[0]]


def test_a_submission_killed_anywhere_leaves_the_active_stack_as_it_was(docker, script):
    docker.take(FLOWS)
    armed, config = docker.path / "armed", docker.home.zenml / "config.yaml"
    before = config.read_text()
    codes, _ = script("killed_submissions.py", armed)
    assert codes == {point: [-9, ""] for point in ("bound", "compiled", "created", "launched")}
    assert config.read_text() == before
    assert docker.kitaru("stack", "current").stdout == "default\n"
