"""What an execution stands on gives way: the store, the disk, the home."""

from __future__ import annotations

import json
import time

import pytest

HELD_ONCE = "first 1, held 1, third 1"
# Holds SQLite's one lock for writers until a line comes in.
LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""
LOCKED_SECONDS = 20


def test_a_store_that_another_writer_locks_is_waited_for(faults, home, observed, eventually, project):
    exec_id = faults.script("out(holding.run().exec_id)")
    eventually(lambda: faults.is_held(exec_id), what="the held checkpoint")
    project.write("locker.py", LOCKER)
    locker = project.popen("locker.py", home.database, stdin=True)
    assert locker.stdout.readline() == "locked\n"
    faults.let_go(exec_id)
    # A program that reads is not kept waiting, and the lock is what the 20 seconds are for.
    reader = project.popen(
        faults.write(
            f"""
            start = time.monotonic()
            looks = 0
            while time.monotonic() < start + {LOCKED_SECONDS}:
                assert str(executions.get(sys.argv[1]).status) == "running"
                looks += 1
                time.sleep(0.2)
            print(looks)
            """
        ),
        exec_id,
    )
    out, err = reader.communicate(timeout=300)
    assert reader.returncode == 0, err
    assert int(out) > 10
    locker.communicate("\n", timeout=300)
    assert faults.script("out((ended(sys.argv[1]), executions.result(sys.argv[1])))", exec_id) == ["completed", 3]
    assert faults.runs(exec_id) == HELD_ONCE
    observed("store, locked", "waits, and goes on by itself", "nothing", HELD_ONCE)


# The home is a small disk of its own, as only the script sees it.
SMALL_DISK = """
    mkdir "$HOME.copy" && cp -a "$HOME/." "$HOME.copy" && mount -t tmpfs -o size=32m none "$HOME"
    cp -a "$HOME.copy/." "$HOME" && "$PYTHON" "$1"
"""
OWN_MOUNTS = """
    mount --bind "$HOME" "$HOME" && "$PYTHON" "$1"
"""


def test_a_disk_that_is_full_while_an_artifact_is_written_fails_the_execution_with_the_reason(faults, observed):
    faults.project.write(
        "large.py",
        """
        import os, time
        from pathlib import Path
        from kitaru import checkpoint, flow
        from mortal import first, once, ran

        BALLAST = Path(os.environ["HOME"]) / "ballast"

        @checkpoint(cache=False)
        def large(x: int) -> bytes:
            ran("large")
            while once("begun") or not Path("full").exists():
                time.sleep(0.02)
            return os.urandom(6 * 2**20)

        @checkpoint(cache=False)
        def measure(data: bytes) -> int:
            ran("measure")
            return len(data)

        @flow(cache=False)
        def storing() -> int:
            return measure(large(first("")))
        """,
    )
    script = faults.write(
        """
        from large import BALLAST, storing
        handle = storing.run(retries=1)
        until(Path(f"{handle.exec_id}.begun").exists)
        free = os.statvfs(BALLAST.parent)
        # Leaves room for records, and none for the artifact.
        BALLAST.write_bytes(b"0" * (free.f_bavail * free.f_frsize - 3 * 2**20))
        Path("full").touch()
        failed = ended(handle.exec_id)
        attempts = [a.outcome for a in handle.execution.attempts]
        BALLAST.unlink()
        executions.retry(handle.exec_id)
        out((handle.exec_id, failed, attempts, ended(handle.exec_id), handle.get()))
        """
    )
    exec_id, failed, attempts, again, result = faults.in_own_mounts(SMALL_DISK, script)
    assert attempts == ["failed", "failed"]
    assert failed.startswith("failed: ")
    assert "No space left on device" in failed
    assert (again, result) == ("completed", 6 * 2**20)
    assert faults.runs(exec_id) == "first 1, large 3, measure 1"
    reason = "failed, and says so: `No space left on device`"
    observed("disk, full", reason, "space, then `kitaru executions retry`", faults.runs(exec_id))


def test_a_home_that_becomes_read_only_costs_nothing_that_was_completed(faults, observed):
    script = faults.write(
        """
        import subprocess
        from pathlib import Path
        import psutil
        from kitaru import KitaruError
        home = os.environ["HOME"]
        handle = holding.run(retries=1)
        runner = Path(os.environ["ZENML_CONFIG_PATH"]) / "kitaru" / "executions" / handle.exec_id / "runner.json"
        until(Path(f"{handle.exec_id}.holding").exists)
        processes = [psutil.Process(p["pid"]) for p in json.loads(runner.read_text())["processes"]]
        subprocess.run(["mount", "-o", "remount,bind,ro", home], check=False)
        if os.access(home, os.W_OK):  # files are open for writing: cover it with a mount that refuses
            subprocess.run(["mount", "--bind", home, home], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", home], check=True)
        Path(f"{handle.exec_id}.go").touch()
        gone, alive = psutil.wait_procs(processes, timeout=300)
        assert not alive, alive
        subprocess.run(["mount", "-o", "remount,bind,rw", home], check=True)
        failed = ended(handle.exec_id)
        executions.retry(handle.exec_id)
        out((handle.exec_id, failed, ended(handle.exec_id), handle.get()))
        """
    )
    exec_id, failed, again, result = faults.in_own_mounts(OWN_MOUNTS, script)
    assert failed.startswith("failed: ")
    assert "ead-only" in failed or "readonly" in failed, failed
    assert (again, result) == ("completed", 3)
    runs = faults.runs(exec_id)
    assert runs.startswith("first 1, held ")
    assert runs.endswith("third 1")
    observed("home, read-only", "failed, and says so", "rights, then `kitaru executions retry`", "completed ones 1")


OUTAGE_SECONDS = 30


@pytest.mark.server
def test_a_server_that_is_gone_for_half_a_minute_is_waited_for(faults, zenml_server, observed, eventually):
    there = {"KITARU_SERVER_URL": zenml_server.url, "KITARU_AUTH_TOKEN": zenml_server.api_key}
    held, early = faults.script("out((holding.run().exec_id, holding.run().exec_id))", env=there)
    eventually(lambda: faults.is_held(held) and faults.is_held(early), what="two held checkpoints")
    code = "executions.get(sys.argv[1]); print('ready', flush=True); out([ended(e) for e in sys.argv[1:]])"
    waiting = faults.project.popen(faults.write(code), held, early, env=there)
    assert waiting.stdout.readline() == "ready\n"
    zenml_server.kill()
    gone = time.monotonic()
    faults.let_go(held)  # it completes while there is nobody to tell
    time.sleep(OUTAGE_SECONDS - (time.monotonic() - gone))  # how long it is gone is what this is about
    faults.let_go(early)
    zenml_server.start()
    out, err = waiting.communicate(timeout=300)
    assert waiting.returncode == 0, err
    assert json.loads(out.rpartition("OUT")[2]) == ["completed", "completed"]
    results = faults.script("out([executions.result(e) for e in sys.argv[1:]])", held, early, env=there)
    assert results == [3, 3]
    assert {faults.runs(held), faults.runs(early)} == {HELD_ONCE}
    observed("server, stopped", "waits, and goes on by itself", "nothing", HELD_ONCE)
