"""What fault tests share: a flow that can be made to die anywhere, and a place for what became of it."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.crash.faults import Outcome, observe
from tests.mounts import run_with_mounts

if TYPE_CHECKING:
    from tests.conftest import Home, Project

FLOWS = (Path(__file__).parent / "mortal.py").read_text(encoding="utf-8")
# What every script starts with: `out` prints what the test reads, `why` says how an execution ended.
PRELUDE = """
import json, os, sys, time
from pathlib import Path
from kitaru import FlowHandle, KitaruClient, KitaruExecutionError
from mortal import asking, course, detour, fan, half_stored, holding, three

executions = KitaruClient().executions

def ended(exec_id, timeout=300):
    handle = FlowHandle.from_id(exec_id)
    try:
        handle.wait(timeout=timeout, progress=False)
    except KitaruExecutionError as error:
        return f"failed: {handle.execution.failure.message}"
    return "completed"

def until(test, timeout=300):
    deadline = time.monotonic() + timeout
    while not test():
        assert time.monotonic() < deadline, f"did not come true: {test.__code__.co_consts}"
        time.sleep(0.05)

def out(value):
    print("OUT" + json.dumps(value), flush=True)
"""


@dataclass
class Faults:
    """Executions of mortal flows, and what can be done to them."""

    project: Project
    home: Home

    def script(self, code: str, *args: str, env: dict[str, str] | None = None, check: bool = True) -> Any:
        """Run a script that begins with the prelude and give what it hands to ``out``."""
        done = self.project.run(self.write(code), *args, env=env, timeout=400, check=check)
        lines = [line for line in done.stdout.splitlines() if line.startswith("OUT")]
        return json.loads(lines[-1].removeprefix("OUT")) if lines else done

    def in_own_mounts(self, shell: str, script: str) -> Any:
        """Run a script by a shell that has mounts of its own; ``"$PYTHON" "$1"`` there is where it runs."""
        done = run_with_mounts(self.project, shell, script)
        return json.loads(done.stdout.rpartition("OUT")[2])

    def write(self, code: str) -> str:
        name = f"script_{len(list(self.project.path.glob('script_*.py')))}.py"
        (self.project.path / name).write_text(PRELUDE + _dedented(code), encoding="utf-8")
        return name

    def arm(self, *points: str) -> dict[str, str]:
        """Arm crash points; returns the environment for the script that is to meet them."""
        armed = self.project.path / "armed"
        armed.write_text("\n".join(points))
        return {"KITARU_CRASH_POINT": str(armed)}

    def armed(self) -> list[str]:
        """Crash points that nobody has reached yet."""
        return (self.project.path / "armed").read_text().splitlines()

    def state(self, exec_id: str) -> dict[str, Any]:
        file = self.home.zenml / "kitaru" / "executions" / exec_id / "runner.json"
        try:
            return json.loads(file.read_text())
        except (OSError, ValueError):
            return {}

    def processes(self, exec_id: str) -> list[int]:
        """The supervisor's number, and the worker's if there is one."""
        return [process["pid"] for process in self.state(exec_id).get("processes", [])]

    def is_held(self, exec_id: str) -> bool:
        """Whether an execution of ``holding`` is in its second checkpoint."""
        return (self.project.path / f"{exec_id}.holding").exists()

    def let_go(self, *exec_ids: str) -> None:
        for exec_id in exec_ids:
            (self.project.path / f"{exec_id}.go").touch()

    def kill(self, *pids: int, sign: signal.Signals = signal.SIGKILL) -> None:
        """Kill processes and see that they are gone."""
        processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
        for pid in pids:
            os.kill(pid, sign)
        psutil.wait_procs(processes, timeout=300)

    def lines(self, exec_id: str) -> list[str]:
        """What the checkpoints of an execution wrote as they started and ended."""
        file = self.project.path / f"{exec_id}.ran"
        return file.read_text().split() if file.exists() else []

    def runs(self, exec_id: str) -> str:
        """How often each checkpoint was started: ``"first 1, second 2, third 1"``."""
        started = Counter(line.partition(":")[0] for line in self.lines(exec_id))
        return ", ".join(f"{name} {count}" for name, count in started.items())


def _dedented(code: str) -> str:
    import textwrap

    return textwrap.dedent(code)


@pytest.fixture
def faults(project: Project, home: Home) -> Faults:
    """A project that has the mortal flows in it."""
    project.write("mortal.py", FLOWS)
    return Faults(project, home)


@pytest.fixture
def observed():
    """``observed(fault, outcome, recovery, runs)``: what became of a fault, for the documentation."""

    def observed(fault: str, outcome: str, recovery: str, runs: str) -> None:
        observe(Outcome(fault, outcome, recovery, runs))

    return observed
