"""What ``zenml=`` sets, at work in pods."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.kubernetes.conftest import REGISTRY, kubectl, make_stack
from tests.kubernetes.test_flows import BASE_IMAGE
from tests.server_process import ServerProcess

pytestmark = [pytest.mark.kubernetes, pytest.mark.server]


def address_for_pods():
    """The address of this machine at which pods reach it: where the cluster's own server listens."""
    server = kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    address = urlsplit(server).hostname
    assert address is not None
    return address


def test_step_operators_and_pods_at_work(project, namespace, home_template, tmp_path):
    (project.path / "team").mkdir()
    for module in ("__init__.py", "operated.py"):
        project.take(f"pods/team/{module}", name=f"team/{module}")
    project.take("pods/shared_folder.py", "pods/run_operated.py")
    # A flavor of one's own is in the image: what loads it gets the code, too.
    project.write(
        "Dockerfile", f"FROM {BASE_IMAGE}\nCOPY shared_folder.py /opt/flavors/\nENV PYTHONPATH=/opt/flavors\n"
    )
    image = json.dumps({"dockerfile": "Dockerfile", "build_context_root": "."})
    config = project.home.zenml / "config.yaml"  # of another client than the one that the server's database is from
    config.write_text(re.sub(r"^user_id: .*$", f"user_id: {uuid4()}", config.read_text(), flags=re.MULTILINE))
    registry = REGISTRY.replace("localhost", "127.0.0.1")  # what is called localhost is no registry for step operators
    with ServerProcess(
        tmp_path, home_template.stores, address_for_pods()
    ) as server:  # what ZenML's step operators need
        env = {"ZENML_STORE_URL": server.url, "ZENML_STORE_API_KEY": server.api_key}
        make_stack(project, namespace, env)
        env |= {"KITARU_IMAGE": image, "KITARU_PROGRESS": "off"}
        done = project.run("run_operated.py", namespace, registry, env=env, timeout=900)
    told = done.stdout.splitlines()[-1]
    watched, unwatched = json.loads(told)
    exec_id, (host, (apart, *variables)), threshold, has_beaten = watched
    assert host != apart
    assert variables == ["5", "7", len("s3cret")]
    # heartbeat_healthy_threshold, and enable_heartbeat
    assert (threshold, has_beaten) == (12, True)
    assert unwatched[2:] == [None, False]

    pods = json.loads(kubectl("-n", namespace, "get", "pods", "-l", f"run_id={exec_id}", "-o", "json"))["items"]
    labels = {pod["metadata"]["name"]: pod["metadata"]["labels"] for pod in pods}
    # settings of the orchestrator and of the step operator
    assert {name: labels[name]["asked-by"] for name in (host, apart)} == {host: "flow", apart: "checkpoint"}
