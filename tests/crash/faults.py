"""The faults that are tested, in the order of the table in docs/reliability.md, and what became of each.

Every test in this folder records what it has seen with ``observed``, which holds it against the table: the documentation
cannot say anything else than the tests. ``python tests/crash/report.py`` runs them and writes the table anew.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- faults: written by tests/crash/report.py -->"
END = "<!-- end of faults -->"
# Where outcomes are collected, one file each, while the table is written anew.
COLLECT = "KITARU_FAULT_OUTCOMES"
_COLLECTED = os.environ.get(COLLECT)  # read before a test's home clears the environment

FAULTS = {
    "worker, before": "The worker is killed (SIGKILL) before the flow's body starts",
    "worker, SIGKILL": "The worker is killed (SIGKILL) in a checkpoint",
    "worker, SIGSEGV": "The worker crashes (SIGSEGV) in a checkpoint",
    "worker, memory": "The worker reaches its memory limit (RLIMIT_AS) in a checkpoint",
    "worker, exit": "Code in a checkpoint ends the worker (`os._exit(1)`)",
    "worker, exit 0": "Code in a checkpoint ends the worker as if all were well (`os._exit(0)`)",
    "worker, concurrent": "The worker is killed while six checkpoints run side by side, two others being done",
    "worker, storing": "The worker is killed in the middle of storing an output",
    "worker, stored": "The worker is killed after an output is stored, before ZenML knows that the checkpoint completed",
    "worker, between": "The worker is killed between two checkpoints",
    "worker, after the last": "The worker is killed after the last checkpoint, before the flow returns",
    "worker, result": "The worker is killed after the result is stored, before the execution is completed",
    "worker, waiting": "The worker is killed while it waits for input",
    "worker, pausing": "The worker is killed as the execution pauses",
    "worker, delay": "The worker is killed while the flow waits for its next attempt",
    "process, SIGKILL": 'The process of a checkpoint with `runtime="process"` is killed (SIGKILL)',
    "process, SIGSEGV": 'The process of a checkpoint with `runtime="process"` crashes (SIGSEGV)',
    "process, memory": 'The process of a checkpoint with `runtime="process"` reaches its `max_memory`',
    "process, forked from": "The process that those of checkpoints are forked from is killed (SIGKILL)",
    "worker, random": "Worker, supervisor or host are killed at 30 random moments of flows of 20 checkpoints",
    "submitter, created": "The submitting process is killed after the run is created, before its runner is told",
    "submitter, handing over": "The submitting process is killed as it hands the run to the runner",
    "submitter, renamed": "The submitting process is killed when the runner's files are in place, before it is told",
    "submitter, handed over": "The submitting process is killed as soon as the runner is told",
    "hosted, before": "The runner that submits for a program is killed before it has begun to",
    "hosted, compiled": "The runner that submits for a program is killed before the run is created",
    "hosted, created": "The runner that submits for a program is killed after the run is created",
    "hosted, handing over": "The runner that submits for a program is killed as it takes the run over",
    "hosted, renamed": "The runner that submits for a program is killed when its files are in place, before anybody is told",
    "hosted, stopped": "The runner that submits for a program is stopped (SIGSTOP) after the run is created",
    "hosted, host": "The host is killed while its fork submits for a program",
    "hosted, program": "The program is killed before the runner has begun to submit for it",
    "hosted, program later": "The program is killed after the runner has created the run for it",
    "host, open folder": "The folder for the host's socket can be entered by other users",
    "host, another's socket": "Where the host's socket would be, another user's process listens",
    "host, older": "What the host has loaded was upgraded since",
    "host, stopped": "The host is stopped (SIGSTOP)",
    "host, two": "Two hosts start at once",
    "host, read-only": "The folder for the host's socket is read-only",
    "host, no space": "The disk of the folder for the host's socket is full",
    "supervisor, before": "The supervisor is killed before it tells the worker what to do",
    "supervisor, running": "The supervisor is killed while its worker is in a checkpoint",
    "supervisor, restarting": "The supervisor is killed as it replaces a worker that was lost",
    "supervisor, SIGTERM": "The supervisor is asked to end (SIGTERM)",
    "both": "Supervisor and worker are killed, and no retry is left",
    "both, again": "Supervisor and worker are killed, and a retry is left",
    "all": "Host, supervisor and worker are killed, and a retry is left",
    "hook, all": "Host, supervisor and worker are killed, and the flow has a hook for its failure",
    "hook, killed": "The process that calls a hook is killed in it",
    "reboot": "The machine is restarted, and other processes have the numbers of the runner's",
    "answering": "The process that answers a paused execution is killed after the answer is recorded",
    "retrying": "The process that retries an execution is killed before the new runner is started",
    "retried twice": "Six processes retry the same execution at once",
    "answered twice": "Six processes answer the same question of a paused execution at once",
    "store, locked": "Another writer locks the store for 20 seconds",
    "disk, full": "The disk is full while an artifact is written",
    "home, read-only": "The home becomes read-only in a checkpoint",
    "server, stopped": "The ZenML server is killed in the middle, and is back after 30 seconds",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a fault.

    Attributes:
        fault: Key of the fault.
        outcome: How the execution stood after the fault.
        recovery: What let it go on to its result.
        runs: How often each checkpoint was started, in all.
    """

    fault: str
    outcome: str
    recovery: str
    runs: str

    def row(self) -> str:
        return f"| {FAULTS[self.fault]} | {self.outcome} | {self.recovery} | {self.runs} |"


def observe(outcome: Outcome) -> None:
    """Hold an outcome against the documentation, or collect it for the next one."""
    if _COLLECTED:
        file = Path(_COLLECTED) / f"{list(FAULTS).index(outcome.fault):02}.json"
        file.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
        return
    assert outcome.row() in table(), (
        f"{PAGE.name} says something else of this fault than what was seen:\n{outcome.row()}\nIf the test is right, "
        f"write the table anew: python tests/crash/report.py"
    )


def table() -> list[str]:
    """Return the rows of the documented table, without its head."""
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(BEGIN)[2].partition(END)[0].strip().splitlines()[2:]
