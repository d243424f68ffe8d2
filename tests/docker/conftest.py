"""A project whose stack ``docker`` is this machine's engine."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os

import pytest

LABEL = "kitaru.execution"
BASE_IMAGE = os.environ.get("KITARU_TESTS_BASE_IMAGE", "kitaru-testbed/python:3.11")


@pytest.fixture
def engine(home):
    """The engine's client; containers that hold this home's executions are removed after the test."""
    import docker
    from docker.errors import APIError, NotFound

    client = docker.from_env()
    yield client
    for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
        mounts = [mount.get("Source", "") for mount in container.attrs["Mounts"]]
        if any(source.startswith(str(home.path)) for source in mounts):
            with contextlib.suppress(APIError, NotFound):  # its removal is on its way
                container.remove(force=True)
    client.close()


@pytest.fixture
def bridge(engine):
    """This machine's address for containers. An engine that has just made their network names no gateway yet."""
    network = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]
    return network.get("Gateway") or str(next(ipaddress.ip_network(network["Subnet"]).hosts()))


@pytest.fixture
def docker(project, engine):
    """A project with the stack; its scripts run there unless they say otherwise."""
    project.kitaru("stack", "create", "docker", "--type", "docker")
    return project


@pytest.fixture
def script(docker):
    """``script(program, *args, **env)``: run a program on the stack and give what it hands to ``out``, and its stderr."""

    def run(program, *args, **env):
        taken = docker.take("containers/handing_out.py", f"containers/{program}")
        on_docker = {"KITARU_STACK": "docker", "KITARU_IMAGE": BASE_IMAGE, "KITARU_PROGRESS": "off", **env}
        done = docker.run(taken, *args, env=on_docker, timeout=800)
        [line] = [line for line in done.stdout.splitlines() if line.startswith("OUT")]
        return json.loads(line.removeprefix("OUT")), done.stderr

    return run
