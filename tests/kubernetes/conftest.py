"""A stack on a real cluster, by default the testbed's: its kube context, registry and base image."""

from __future__ import annotations

import os
import subprocess
import uuid

import pytest

REGISTRY = os.environ.get("KITARU_TESTS_REGISTRY", "localhost:5000")


def kubectl(*args: str) -> str:
    done = subprocess.run(["kubectl", *args], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def namespace():
    name = f"kitaru-test-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def cluster(project, namespace):
    """A project whose stack `kube` is the cluster and `docker` this machine's engine; gives the namespace."""
    make_stack(project, namespace)
    return namespace


def make_stack(project, namespace, env=None):
    context = kubectl("config", "current-context").strip()
    options = {"context": context, "namespace": namespace, "registry": REGISTRY, "local": "yes"}
    given = [part for name, value in options.items() for part in ("--set", f"{name}={value}")]
    project.kitaru("stack", "create", "kube", "--type", "kubernetes", *given, env=env)
