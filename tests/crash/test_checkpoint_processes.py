"""The process of a checkpoint is lost: that takes one call, and not the flow."""

from __future__ import annotations

REASONS = {
    "process, SIGKILL": ("SIGKILL", "killed by signal 9 (SIGKILL)"),
    "process, SIGSEGV": ("SIGSEGV", "killed by signal 11 (SIGSEGV)"),
    "process, memory": ("memory", "needed more than its max_memory of 400 MB"),
    "process, forked from": ("forked from", "ended with the process that it was forked from"),
}


def test_the_loss_of_a_process_is_a_failure_of_one_call(faults, observed):
    seen = faults.script("mortal_processes.py")
    for fault, (how, reason) in REASONS.items():
        exec_id, result, lost, attempts = seen[how]
        assert (result, attempts) == (3, 1), fault
        assert reason in lost, fault
        runs = faults.runs(exec_id)
        observed(fault, f"goes on by itself: its process {reason}", "the checkpoint's `retries`", runs)
