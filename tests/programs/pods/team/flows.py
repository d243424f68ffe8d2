"""Flows that tell in which pods they run: apart from each other, killed, asking, or failing in the first pod."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

from zenml.client import Client

import kitaru
from kitaru import Execution, KitaruTimeoutError, checkpoint, flow
from team.helpers import shout


def noted(execution: Execution) -> None:
    """Write down, where pods and this machine see it, where the hook was called."""
    with Path(Client().active_stack.artifact_store.path, "hooked.txt").open("a") as file:
        file.write(f"{execution.exec_id} {execution.status} {socket.gethostname()}\n")


@checkpoint(cache=False)
def inline() -> str:
    return socket.gethostname()


@checkpoint(cache=False, runtime="isolated", resources={"cpu_count": 0.1, "memory": "200MB"})
def apart(host: str) -> list[str]:
    print("apart", "speaks")
    return [host, socket.gethostname(), os.environ.get("TOKEN", "none"), shout("done")]


OWN_POD = {"orchestrator_pod_settings": {"labels": {"team": "blue"}}}


@flow(cache=False, resources={"cpu_count": 0.2, "memory": "900MB"}, zenml={"settings": {"orchestrator": OWN_POD}})
def spread() -> list[str]:
    larger = apart.with_options(resources={"cpu_count": 0.1, "memory": "300MB"})
    return larger(inline())


@checkpoint(cache=False)
def first() -> str:
    return socket.gethostname()


@checkpoint(cache=False)
def second(host: str) -> list[str]:
    if host == socket.gethostname():
        time.sleep(600)  # until the pod is killed
    return [host, socket.gethostname()]


@flow(cache=False, on_success=noted, on_failure=noted, on_cancelled=noted)
def mortal() -> list[str]:
    return second(first())


@checkpoint(cache=False, runtime="isolated", retries=1)
def sleeper(seen: str) -> str:
    if not Path(seen).exists():
        Path(seen).touch()
        time.sleep(600)  # until the pod is killed
    return "recovered"


@flow(cache=False)
def mortal_apart(seen: str) -> str:
    return sleeper(seen)


@checkpoint(cache=False)
def fails_in_the_first_pod(host: str) -> list[str]:
    if host == socket.gethostname():
        raise ValueError("not here")
    return [host, socket.gethostname()]


@flow(cache=False, on_wait=noted)
def asks() -> list[Any]:
    host = inline()
    answer = kitaru.wait(name="go", question="Go on?", schema=bool, timeout=1)
    return [host, answer, socket.gethostname()]


@flow(cache=False, on_failure=noted)
def mended() -> list[str]:
    return fails_in_the_first_pod(inline())


@checkpoint(cache=False, runtime="isolated", timeout=3)
def late() -> None:
    time.sleep(600)  # until it is ended


@flow(cache=False, timeout=900)
def bounded() -> str:
    try:
        late()
    except KitaruTimeoutError as error:
        return str(error)
    return "there was no limit"
