"""Executions in containers are answered, retried and cancelled, and their containers killed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from container_flows import asking, carried, mended, mortal
from handing_out import out
from zenml.config.global_config import GlobalConfiguration

from kitaru import File, KitaruClient, KitaruRunnerLostError, KitaruUserCodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker.models.containers import Container

    from kitaru import FlowHandle

executions = KitaruClient().executions
engine = docker.from_env()
stores = Path(GlobalConfiguration().local_stores_path)  # this folder is mounted into containers


def container(exec_id: str) -> Container | None:
    return next(
        iter(c for c in engine.containers.list(all=True, ignore_removed=True) if exec_id in c.attrs["Args"]), None
    )


def container_of(handle: FlowHandle[Any]) -> Container:
    there = container(handle.exec_id)
    assert there is not None
    return there


def until(test: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not test():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def failure(handle: FlowHandle[Any], kind: type[Exception]) -> Any:
    try:
        return handle.wait(timeout=300)
    except kind as error:
        return str(error)


def hooked(handle: FlowHandle[Any]) -> list[str]:
    """What the hooks of an execution have written down: how it ended, and where they were called."""
    return [line for file in stores.rglob(f"{handle.exec_id}.hooked") for line in file.read_text().splitlines()]


def main() -> None:
    with ThreadPoolExecutor(2) as pool:  # two stacks at once
        asked, here = pool.map(lambda stack: asking.run(stack=stack), ["docker", "default"])
    failing = mended.run()
    Path("notes.txt").write_text("from outside")
    carrying = carried.run(File("notes.txt"), Path("notes.txt").absolute())
    seen = [stores / name for name in ("killed", "lost", "gone", "cancelled")]
    killed, lost, gone, cancelled = [
        mortal.run(str(path), retries=n) for path, n in zip(seen, (1, 0, 0, 3), strict=True)
    ]
    found: dict[str, Any] = {"reason": failure(failing, KitaruUserCodeError)}
    until(lambda: all(path.exists() for path in seen))
    container_of(killed).kill()
    container_of(lost).kill()
    container_of(gone).kill()
    cancelled.cancel()
    found["cancelled"] = [str(cancelled.status), container(cancelled.exec_id)]
    found["lost"] = failure(lost, KitaruRunnerLostError)
    executions.retry(lost.exec_id)  # at once: what was known of the old container says nothing about the new one
    found["retried"] = str(lost.status)
    failure(gone, KitaruRunnerLostError)

    until(lambda: container_of(asked).status == "exited")
    found["paused"] = str(asked.status)
    for handle in (asked, here):
        until(partial(executions.pending_waits, handle.exec_id))
        executions.input(handle.exec_id, value=True)
    executions.retry(failing.exec_id)
    ends: dict[str, FlowHandle[Any]] = {
        "killed": killed,
        "again": lost,
        "asked": asked,
        "here": here,
        "mended": failing,
        "carried": carrying,
    }
    for name, handle in ends.items():
        found[name] = [handle.wait(timeout=300), [a.outcome for a in handle.execution.attempts]]
    until(lambda: all(map(hooked, (killed, gone, cancelled))))
    found["hooked"] = [hooked(handle) for handle in (killed, gone, cancelled)]
    found["logs"] = [entry.message for entry in asked.logs()]
    found["stacks"] = [one.execution.stack_name for one in (asked, here)]
    out(found)


if __name__ == "__main__":
    main()
