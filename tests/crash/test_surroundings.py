"""What an execution stands on gives way: the store, the disk, the home."""

from __future__ import annotations

import json
import time

import pytest

HELD_ONCE = "first 1, held 1, third 1"
LOCKED_SECONDS = 20


def test_a_store_that_another_writer_locks_is_waited_for(faults, home, observed, eventually, project):
    [exec_id] = faults.start("holding")
    eventually(lambda: faults.is_held(exec_id), what="the held checkpoint")
    locker = project.popen(faults.take("store_locker.py"), home.database, stdin=True)
    assert locker.stdout.readline() == "locked\n"
    faults.let_go(exec_id)
    # A program that reads is not kept waiting, and the lock is what the 20 seconds are for.
    reader = project.popen(faults.take("read_while_locked.py"), exec_id, str(LOCKED_SECONDS))
    out, err = reader.communicate(timeout=300)
    assert reader.returncode == 0, err
    assert int(out) > 10
    locker.communicate("\n", timeout=300)
    assert faults.script("collect_ends.py", exec_id) == [["completed", 3, 1]]
    assert faults.runs(exec_id) == HELD_ONCE
    observed("store, locked", "waits, and goes on by itself", "nothing", HELD_ONCE)


# The home is a small disk of its own, as only the program sees it.
SMALL_DISK = """
    mkdir "$HOME.copy" && cp -a "$HOME/." "$HOME.copy" && mount -t tmpfs -o size=32m none "$HOME"
    cp -a "$HOME.copy/." "$HOME" && "$PYTHON" "$1"
"""
OWN_MOUNTS = """
    mount --bind "$HOME" "$HOME" && "$PYTHON" "$1"
"""


def test_a_disk_that_is_full_while_an_artifact_is_written_fails_the_execution_with_the_reason(faults, observed):
    faults.take("large_output.py")
    exec_id, failed, attempts, again, result = faults.in_own_mounts(SMALL_DISK, "fill_disk.py")
    assert attempts == ["failed", "failed"]
    assert failed.startswith("failed: ")
    assert "No space left on device" in failed
    assert (again, result) == ("completed", 6 * 2**20)
    assert faults.runs(exec_id) == "first 1, large 3, measure 1"
    reason = "failed, and says so: `No space left on device`"
    observed("disk, full", reason, "space, then `kitaru executions retry`", faults.runs(exec_id))


def test_a_home_that_becomes_read_only_costs_nothing_that_was_completed(faults, observed):
    exec_id, failed, again, result = faults.in_own_mounts(OWN_MOUNTS, "make_home_read_only.py")
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
    held, early = faults.start("holding", times=2, env=there)
    eventually(lambda: faults.is_held(held) and faults.is_held(early), what="two held checkpoints")
    waiting = faults.project.popen(faults.take("wait_through_outage.py"), held, early, env=there)
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
    ends = faults.script("collect_ends.py", held, early, env=there)
    assert ends == [["completed", 3, 1]] * 2
    assert {faults.runs(held), faults.runs(early)} == {HELD_ONCE}
    observed("server, stopped", "waits, and goes on by itself", "nothing", HELD_ONCE)
