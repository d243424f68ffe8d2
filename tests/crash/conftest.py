"""What fault tests share: a flow that can be made to die anywhere, and a place for what became of it."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.crash.faults import Outcome, observe
from tests.mounts import run_with_mounts

if TYPE_CHECKING:
    from tests.conftest import Home, Project


@dataclass
class Faults:
    """Executions of mortal flows, and what can be done to them."""

    project: Project
    home: Home

    def script(self, program: str, *args: str, env: dict[str, str] | None = None, check: bool = True) -> Any:
        """Run a program of ``tests/programs/crash`` and give what it hands to ``out``; else, what has become of it."""
        done = self.project.run(self.take(program), *args, env=env, timeout=400, check=check)
        lines = [line for line in done.stdout.splitlines() if line.startswith("OUT")]
        return json.loads(lines[-1].removeprefix("OUT")) if lines else done

    def start(
        self,
        flow: str,
        *inputs: object,
        times: int = 1,
        env: dict[str, str] | None = None,
        check: bool = True,
        **options,
    ) -> Any:
        """Start a mortal flow in a process that ends then, and give the ids of its executions."""
        start = {"flow": flow, "inputs": inputs, "options": options, "times": times}
        return self.script("start_flows.py", json.dumps(start), env=env, check=check)

    def in_own_mounts(self, shell: str, program: str) -> Any:
        """Run a program by a shell that has mounts of its own; ``"$PYTHON" "$1"`` there is where it runs."""
        done = run_with_mounts(self.project, shell, self.take(program))
        return json.loads(done.stdout.rpartition("OUT")[2])

    def take(self, *programs: str) -> str:
        """Copy programs of ``tests/programs/crash`` into the project, and give the name of the last one there."""
        return self.project.take(*(f"crash/{program}" for program in programs)).name

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


@pytest.fixture
def faults(project: Project, home: Home) -> Faults:
    """A project that has the mortal flows in it."""
    faults = Faults(project, home)
    faults.take("mortal_flows.py", "outcomes.py")
    return faults


@pytest.fixture
def observed():
    """``observed(fault, outcome, recovery, runs)``: what became of a fault, for the documentation."""

    def observed(fault: str, outcome: str, recovery: str, runs: str) -> None:
        observe(Outcome(fault, outcome, recovery, runs))

    return observed
