"""Disks that refuse, for one script alone: a mount namespace of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest


def own_mounts():
    """The command that gives a process mounts of its own, or a skip."""
    command = ["unshare", "--mount", "--map-root-user"]
    try:
        script = "mount -t tmpfs -o size=1m none /mnt"
        done = subprocess.run([*command, "sh", "-c", script], capture_output=True, text=True, timeout=300, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare(1) on this machine")
    if done.returncode != 0:
        pytest.skip(f"this machine lets nobody mount: {done.stderr.strip()}")
    return command


def run_with_mounts(project, script, *args):
    """Run a shell script in a mount namespace of its own; the project's Python is ``$PYTHON``."""
    environment = {**project.home.env, "PYTHON": sys.executable}
    command = [*own_mounts(), "sh", "-euc", script, "sh", *args]
    done = subprocess.run(
        command, cwd=project.path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    return done
