"""What ``zenml=`` sets, at work in pods."""

from __future__ import annotations

import json

import pytest

from tests.kubernetes.conftest import REGISTRY, kubectl
from tests.kubernetes.test_flows import BASE_IMAGE

pytestmark = pytest.mark.kubernetes


def test_a_step_operator_runs_a_checkpoint_in_a_pod_of_its_own(project, cluster):
    (project.path / "team").mkdir()
    for module in ("__init__.py", "shared_folder.py", "operated.py"):
        project.take(f"pods/team/{module}", name=f"team/{module}")
    project.take("pods/run_operated.py")
    registry = REGISTRY.replace("localhost", "127.0.0.1")  # what is called localhost is no registry for step operators
    env = {"KITARU_IMAGE": BASE_IMAGE, "KITARU_PROGRESS": "off"}
    told = project.run("run_operated.py", cluster, registry, env=env, timeout=900).stdout.splitlines()[-1]
    watched, unwatched = json.loads(told)
    exec_id, (host, (apart, *variables)), threshold, has_beaten = watched
    assert host != apart
    assert variables == ["5", "7", len("s3cret")]
    # heartbeat_healthy_threshold, and enable_heartbeat
    assert (threshold, has_beaten) == (12, True)
    assert unwatched[2:] == [None, False]

    pods = json.loads(kubectl("-n", cluster, "get", "pods", "-l", f"run_id={exec_id}", "-o", "json"))["items"]
    labels = {pod["metadata"]["name"]: pod["metadata"]["labels"] for pod in pods}
    # settings of the orchestrator and of the step operator
    assert {name: labels[name]["asked-by"] for name in (host, apart)} == {host: "flow", apart: "checkpoint"}
