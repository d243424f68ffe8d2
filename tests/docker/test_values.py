"""Hundreds of kinds of values stay what they are in a container, and after an attempt that failed there."""

from __future__ import annotations

import json

import pytest

from tests.docker.conftest import BASE_IMAGE

pytestmark = pytest.mark.docker


def test_values_of_hundreds_of_kinds_are_the_same_in_a_container(docker):
    docker.take(*(f"values/{name}.py" for name in ("sameness", "every_kind", "more_kinds", "round_trips")))
    env = {"KITARU_STACK": "docker", "KITARU_IMAGE": BASE_IMAGE, "KITARU_PROGRESS": "off"}
    done = docker.run("round_trips.py", "container", env=env, timeout=800)
    count, complaints, attempts = json.loads(done.stdout.splitlines()[-1])
    assert count > 400
    assert complaints == []
    assert attempts == ["failed", "completed"]
