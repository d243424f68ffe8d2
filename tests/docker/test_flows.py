"""Executions in containers, steered from outside: pausing, retrying, cancelling, killing."""

from __future__ import annotations

import json
import socket
import textwrap

import pytest

pytestmark = pytest.mark.docker

FLOWS = """
    import os, socket, time
    import kitaru
    from kitaru import adapter, checkpoint, flow

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
        if not os.path.exists(seen):
            open(seen, "w").close()
            time.sleep(600)  # until the container is killed
        return socket.gethostname()

    @flow(cache=False)
    def asking() -> list:
        host = first()
        # What cannot be imported runs with the flow; the container behind the pause reads what this one stored.
        assert adapter.run(lambda: socket.gethostname(), name="closure") == host
        answer = kitaru.wait(name="go", question="Go on?", schema=bool, timeout=1)
        return [host, answer, socket.gethostname()]

    @flow(cache=False)
    def mended() -> list[str]:
        return [first(), not_twice(first())]

    @flow(cache=False)
    def mortal(seen: str) -> list[str]:
        return [first(), endless(seen)]
"""
STEER = """
import os, time, docker
from concurrent.futures import ThreadPoolExecutor
from zenml.config.global_config import GlobalConfiguration
from flows import asking, mended, mortal
from kitaru import KitaruClient, KitaruRunnerLostError, KitaruUserCodeError

executions = KitaruClient().executions
engine = docker.from_env()
stores = GlobalConfiguration().local_stores_path  # this folder is mounted into containers

def container(exec_id):
    return next(iter(c for c in engine.containers.list(all=True) if exec_id in c.attrs["Args"]), None)

def until(test):
    deadline = time.monotonic() + 120
    while not test():
        assert time.monotonic() < deadline
        time.sleep(0.1)

def failure(handle, kind):
    try:
        return handle.wait(timeout=300)
    except kind as error:
        return str(error)

if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:  # two stacks at once
        asked, here = pool.map(lambda stack: asking.run(stack=stack), ["docker", "default"])
    failing = mended.run()
    seen = [os.path.join(stores, name) for name in ("killed", "lost", "cancelled")]
    killed, lost, cancelled = [mortal.run(path, retries=n) for path, n in zip(seen, (1, 0, 3))]
    found = {"reason": failure(failing, KitaruUserCodeError)}
    until(lambda: all(map(os.path.exists, seen)))
    container(killed.exec_id).kill()
    container(lost.exec_id).kill()
    cancelled.cancel()
    found["cancelled"] = [str(cancelled.status), container(cancelled.exec_id)]
    found["lost"] = failure(lost, KitaruRunnerLostError)
    executions.retry(lost.exec_id)  # at once: what was known of the old container says nothing about the new one
    found["retried"] = str(lost.status)

    until(lambda: container(asked.exec_id).status == "exited")
    found["paused"] = str(asked.status)
    for handle in (asked, here):
        until(lambda: executions.pending_waits(handle.exec_id))
        executions.input(handle.exec_id, value=True)
    executions.retry(failing.exec_id)
    for name, handle in {"killed": killed, "again": lost, "asked": asked, "here": here, "mended": failing}.items():
        found[name] = [handle.wait(timeout=300), [a.outcome for a in handle.execution.attempts]]
    found["logs"] = [entry.message for entry in asked.logs()]
    found["stacks"] = [one.execution.stack_name for one in (asked, here)]
    out(found)
"""
UNGUARDED = """
    from kitaru import checkpoint, flow

    @checkpoint(cache=False)
    def one() -> int:
        return 1

    @flow(cache=False)
    def bare() -> int:
        return one() + one()

    handle = bare.run()
    print(f"told {handle.exec_id}")
    print("result", handle.wait())
"""


def test_executions_pause_and_are_answered_retried_cancelled_and_recovered(docker, script):
    docker.write("flows.py", FLOWS)
    found, told = script(STEER)
    assert found["paused"] == "waiting"
    (before, answer, after), attempts = found["asked"]
    assert answer is True
    assert before != after  # another container
    assert attempts == ["completed"]
    assert "first speaks" in found["logs"]
    assert found["stacks"] == ["docker", "default"]
    assert found["here"][0] == [socket.gethostname(), True, socket.gethostname()]

    assert "ValueError: not here" in found["reason"]
    (once, again), attempts = found["mended"]
    assert once != again  # what was completed did not run again
    assert attempts == ["failed", "completed"]

    assert found["killed"][1] == ["lost", "completed"]
    assert "exit code 137" in found["lost"]
    assert found["retried"] != "failed"
    assert found["again"][1] == ["lost", "completed"]
    assert found["cancelled"] == ["cancelled", None]
    # One warning of the checkpoint that wants a container of its own, where there are none.
    assert told.count("not_twice will run in the flow's own") == 1


def test_a_script_that_starts_its_flow_at_its_top_level_runs_once(docker, script):
    found, _ = script(textwrap.dedent(UNGUARDED) + "out([handle.exec_id, handle.wait()])\n")
    assert found[1] == 2
    listed = json.loads(docker.kitaru("executions", "list", "--output", "json").stdout)
    assert [execution["exec_id"] for execution in listed] == [found[0]]


def test_a_submission_killed_anywhere_leaves_the_active_stack_as_it_was(docker, script):
    docker.write("flows.py", FLOWS)
    armed, config = docker.path / "armed", docker.home.zenml / "config.yaml"
    before = config.read_text()
    kill = """
import subprocess, sys
armed = sys.argv[1]
codes = {}
for point in ("bound", "compiled", "created", "launched"):
    open(armed, "w").write(f"submitter, {point}")
    submit = "from flows import mended; mended.run()"
    codes[point] = subprocess.run([sys.executable, "-c", submit], env={**__import__("os").environ, "KITARU_CRASH_POINT": armed}).returncode
    codes[point] = [codes[point], open(armed).read()]
out(codes)
"""
    codes, _ = script(kill, armed)
    assert codes == {point: [-9, ""] for point in ("bound", "compiled", "created", "launched")}
    assert config.read_text() == before
    assert docker.kitaru("stack", "current").stdout == "default\n"
