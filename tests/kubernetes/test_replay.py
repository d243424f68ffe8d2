"""A replay on a real cluster: what is taken was recorded in other pods, what runs again runs in new ones."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.report_elsewhere import CALLS, VALUE

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.kubernetes

BASE_IMAGE = os.environ.get("KITARU_TESTS_BASE_IMAGE", "kitaru-testbed/python:3.11")
ENV = {"KITARU_IMAGE": BASE_IMAGE, "KITARU_STACK": "kube", "KITARU_PROGRESS": "off"}


def test_a_replay_takes_what_other_pods_recorded(project: Project, cluster: str) -> None:
    project.take("replay/report_elsewhere.py")
    told = json.loads(project.run("report_elsewhere.py", env=ENV, timeout=800).stdout.splitlines()[-1])
    assert (told["value"], told["calls"], told["stack"]) == (VALUE, CALLS, "kube")
    # the same original again from there, by the command line alone, on this machine
    done = project.kitaru("executions", "replay", told["replay"], "--at", "publish", "--stack", "default")
    assert json.loads(done.stdout) == VALUE
