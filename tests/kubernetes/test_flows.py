"""Flows on a real cluster: what runs where, what is reused, and what survives a lost pod."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.kubernetes.conftest import REGISTRY

pytestmark = pytest.mark.kubernetes

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "switch_stacks.py"
BASE_IMAGE = os.environ.get("KITARU_TESTS_BASE_IMAGE", "kitaru-testbed/python:3.11")
ENV = {"KITARU_IMAGE": BASE_IMAGE, "KITARU_STACK": "kube", "KITARU_PROGRESS": "off"}


@pytest.fixture
def flows(project, cluster):
    (project.path / "team").mkdir()
    for module in ("__init__.py", "helpers.py", "flows.py"):
        project.take(f"pods/team/{module}", name=f"team/{module}")
    project.take("pods/follow_spread.py", "pods/outcome.py")
    return cluster


def kubectl(*args):
    return subprocess.run(["kubectl", *args], capture_output=True, text=True, check=True, timeout=300).stdout


def start(project, flow, *args, **options):
    code = f"from team.flows import {flow}\nprint({flow}.run(*{args!r}, **{options!r}).exec_id)"
    return project.run("-c", code, env=ENV, timeout=400).stdout.split()[-1]


def result(project, exec_id, timeout=300):
    told = project.run("outcome.py", exec_id, str(timeout), env=ENV, timeout=timeout + 60).stdout
    return json.loads(told.splitlines()[-1])


def pods(namespace, exec_id):
    return json.loads(kubectl("-n", namespace, "get", "pods", "-l", f"run_id={exec_id}", "-o", "json"))["items"]


def running(namespace, exec_id, isolated):
    def found():
        for pod in pods(namespace, exec_id):
            if ("step_name" in pod["metadata"]["labels"]) is isolated and pod["status"]["phase"] == "Running":
                return pod["metadata"]["name"]
        return None

    return found


def hooked(project, exec_id):
    """What the hooks of an execution have written down: its status, and where they were called."""
    lines = [line.split() for file in project.home.stores.rglob("hooked.txt") for line in file.read_text().splitlines()]
    return [(status, host) for known, status, host in lines if known == exec_id]


def test_a_flow_runs_in_pods_and_a_second_submission_builds_nothing(project, flows):
    project.run("-c", "from zenml.client import Client; Client().create_secret('deep', {'TOKEN': 's3cret'})")
    image = {"base_image": BASE_IMAGE, "secret_environment_from": ["deep"]}
    followed = project.run("follow_spread.py", json.dumps(image), env=ENV, timeout=500)
    exec_id, seen, value, logged = json.loads(followed.stdout.splitlines()[-1])
    assert seen == ["pending", "running", "completed"]  # it was submitted before its pod was there
    host, apart, token, word = value
    assert host != apart
    assert (token, word) == ("s3cret", "DONE")
    assert "apart speaks" in logged
    [isolated] = [pod for pod in pods(flows, exec_id) if "step_name" in pod["metadata"]["labels"]]
    assert isolated["metadata"]["name"] == apart
    assert isolated["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "100m", "memory": "300M"}  # of the call
    [own] = [pod for pod in pods(flows, exec_id) if "step_name" not in pod["metadata"]["labels"]]
    assert own["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "200m", "memory": "900M"}  # of the flow
    assert own["metadata"]["labels"]["team"] == "blue"

    shown = project.kitaru(
        "image", "show", "team.flows:spread", "--output", "json", env={**ENV, "KITARU_IMAGE": json.dumps(image)}
    )
    assert json.loads(shown.stdout)["reused"].startswith(f"{REGISTRY}/zenml@sha256:")
    again = project.run(
        "-c", f"from team.flows import spread; spread.run(image={image!r})", env={**ENV, "KITARU_PROGRESS": "on"}
    )
    assert "Step " not in again.stderr


def test_the_example_gives_the_same_result_on_all_three_stacks(project, cluster):
    project.kitaru("stack", "create", "docker", "--type", "docker")
    example = project.write("switch_stacks.py", EXAMPLE.read_text())
    done = project.run(example, "default", "docker", "kube", env=ENV, timeout=800)
    assert done.stdout.count("{'flow': 1, 'goes': 2, 'stack': 1, 'the': 2, 'where': 1}") == 3
    assert "the same result on all of them" in done.stdout


def test_a_killed_pod_uses_up_an_attempt(project, flows, eventually):
    exec_id = start(project, "mortal", retries=1)
    pod = eventually(running(flows, exec_id, isolated=False), timeout=300, what="the flow's pod")
    eventually(lambda: second_runs(project, exec_id), timeout=300, what="the second checkpoint")
    kubectl("-n", flows, "delete", "pod", pod, "--force", "--grace-period=0")
    value, attempts, status = result(project, exec_id)
    assert status == "completed", value
    assert value[0] == pod
    assert value[1] != pod
    assert attempts == ["lost", "completed"]
    eventually(lambda: hooked(project, exec_id) == [("completed", value[1])], what="the hook in the second pod")

    exec_id = start(project, "mortal")
    pod = eventually(running(flows, exec_id, isolated=False), timeout=300, what="the flow's pod")
    eventually(lambda: second_runs(project, exec_id), timeout=300, what="the second checkpoint")
    kubectl("-n", flows, "delete", "pod", pod, "--force", "--grace-period=0")
    value, attempts, status = result(project, exec_id)
    assert status == "failed"
    assert value.startswith("KitaruRunnerLostError")
    assert attempts == ["lost"]
    # The job has started another pod, which has seen that no attempt is left.
    eventually(lambda: [status for status, _ in hooked(project, exec_id)] == ["failed"], what="the hook")


def test_a_killed_isolated_pod_is_tried_again(project, flows, eventually):
    seen = project.home.stores / "seen"  # this folder is mounted into the pods
    exec_id = start(project, "mortal_apart", str(seen))
    pod = eventually(running(flows, exec_id, isolated=True), timeout=300, what="the checkpoint's pod")
    eventually(seen.exists, timeout=300, what="the checkpoint's start")
    kubectl("-n", flows, "delete", "pod", pod, "--force", "--grace-period=0")
    value, _, status = result(project, exec_id)
    assert (value, status) == ("recovered", "completed")


def test_a_checkpoint_in_a_pod_of_its_own_that_passes_its_time_limit_is_ended(project, flows, eventually):
    exec_id = start(project, "bounded")
    value, _, status = result(project, exec_id)
    assert (value, status) == ("Checkpoint 'late' has taken longer than its time limit of 3 s.", "completed")
    eventually(lambda: not running(flows, exec_id, isolated=True)(), timeout=300, what="the end of its pod")


def test_an_answer_and_a_retry_go_on_in_new_pods(project, flows, eventually):
    exec_id = start(project, "asks")
    phases = lambda: [pod["status"]["phase"] for pod in pods(flows, exec_id)]  # noqa: E731 - polled
    eventually(lambda: phases() == ["Succeeded"], timeout=300, what="the end of the pod that asked")
    project.kitaru("executions", "input", exec_id, "--value", "true", timeout=300)
    value, _, status = result(project, exec_id)
    assert status == "completed", value
    before, answer, after = value
    assert answer is True
    assert before != after
    assert hooked(project, exec_id) == [("waiting", before)]

    exec_id = start(project, "mended")
    assert "ValueError: not here" in result(project, exec_id)[0]
    project.kitaru("executions", "retry", exec_id, timeout=300)
    value, attempts, _ = result(project, exec_id)
    assert value[0] != value[1]  # the first checkpoint was not run again
    assert attempts == ["failed", "completed"]


def test_cancelling_ends_the_pod(project, flows, eventually):
    exec_id = start(project, "mortal", retries=2)
    other = start(project, "mortal", retries=2)
    for started in (exec_id, other):
        eventually(running(flows, started, isolated=False), timeout=300, what="the flow's pod")
    kubectl("-n", flows, "delete", "jobs", "-l", f"run_id={other}")
    project.kitaru("executions", "cancel", exec_id)
    eventually(lambda: not pods(flows, exec_id), timeout=300, what="the end of the pod")
    assert result(project, exec_id)[2] == "cancelled"
    eventually(lambda: not pods(flows, other), timeout=300, what="the end of the other pod")
    assert result(project, other)[2] == "failed"
    here = socket.gethostname()  # whoever sees that the pod is gone has the hook called
    eventually(lambda: hooked(project, exec_id) == [("cancelled", here)], what="the hook")
    eventually(lambda: hooked(project, other) == [("failed", here)], what="the other hook")


def second_runs(project, exec_id):
    shown = json.loads(project.kitaru("executions", "get", exec_id, "--output", "json").stdout)
    time.sleep(0.5)
    return any(c["name"] == "second" and c["status"] == "running" for c in shown["checkpoints"])


def test_what_is_wrong_with_a_cluster_is_told_before_anything_runs(project, flows):
    refused = project.kitaru(
        "stack",
        "create",
        "far",
        "--type",
        "kubernetes",
        "--set",
        "context=nowhere",
        "--set",
        f"registry={REGISTRY}",
        "--set",
        "local=yes",
        check=False,
    )
    assert refused.returncode == 1
    assert "There is no kube context 'nowhere'" in refused.stderr
    assert "far" not in project.kitaru("stack", "list").stdout

    context = kubectl("config", "current-context").strip()
    project.kitaru(
        "stack",
        "create",
        "lost",
        "--type",
        "kubernetes",
        "--set",
        f"context={context}",
        "--set",
        "namespace=no-such-place",
        "--set",
        "registry=localhost:1",
        "--set",
        "local=yes",
    )
    checked = project.kitaru("stack", "check", "lost", "--output", "json", check=False)
    assert checked.returncode == 1
    failed = {r["component"]: r for r in json.loads(checked.stdout)["results"] if not r["ok"]}
    assert "kubectl create namespace no-such-place" in failed["orchestrator 'lost'"]["remedy"]
    assert "does not answer" in failed["container_registry 'lost'"]["problem"]
    submitted = project.run("-c", "from team.flows import mortal; mortal.run(stack='lost')", env=ENV, check=False)
    assert "KitaruStackError" in submitted.stderr
    assert "no namespace 'no-such-place'" in submitted.stderr
    assert "no execution" in (project.kitaru("executions", "list").stderr + "no executions").lower()
