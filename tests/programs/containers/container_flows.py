"""Flows that tell in which containers they run, one of which asks, one fails at first and one never ends by itself."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

from zenml.client import Client

import kitaru
from kitaru import Execution, adapter, checkpoint, flow


@checkpoint(cache=False)
def first() -> str:
    print("first", "speaks")
    return socket.gethostname()


@checkpoint(cache=False, runtime="isolated")
def not_twice(host: str) -> str:
    if host == socket.gethostname():
        raise ValueError("not here")
    return socket.gethostname()


@checkpoint(cache=False)
def endless(seen: str) -> str:
    if not Path(seen).exists():
        Path(seen).touch()
        time.sleep(600)  # until the container is killed
    return socket.gethostname()


@checkpoint(cache=False)
def read(what: kitaru.File | Path) -> str:
    return Path(what).read_text()


@flow(cache=False)
def carried(file: kitaru.File, path: Path) -> list[Any]:
    try:
        return [read(path)]
    except FileNotFoundError as error:
        return [read(file), file.name, str(path), error.__notes__]


@flow(cache=False)
def asking() -> list[Any]:
    host = first()
    # What cannot be imported runs with the flow; the container behind the pause reads what this one stored.
    assert adapter.run(lambda: socket.gethostname(), name="closure") == host  # noqa: PLW0108 - it cannot be imported
    answer = kitaru.wait(name="go", question="Go on?", schema=bool, timeout=1)
    return [host, answer, socket.gethostname()]


@flow(cache=False)
def mended() -> list[str]:
    return [first(), not_twice(first())]


def noted(execution: Execution) -> None:
    """Write down, where containers and this machine see it, where the hook was called."""
    path = Path(Client().active_stack.artifact_store.path, f"{execution.exec_id}.hooked")
    with path.open("a") as file:
        file.write(f"{execution.status} {socket.gethostname()}\n")


@flow(cache=False, on_success=noted, on_failure=noted, on_cancelled=noted)
def mortal(seen: str) -> list[str]:
    return [first(), endless(seen)]
