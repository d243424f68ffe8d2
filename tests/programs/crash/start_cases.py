"""Start one mortal flow for each fault of a table, with the same number of retries."""

from __future__ import annotations

import json
import sys

import mortal_flows


def start_cases() -> dict[str, str]:
    """Start what the arguments say, and return the ids by the names of the faults.

    Arguments are the table as JSON, ``{"worker, SIGKILL": ["three", "second kill", ...]}``, and the number of retries.
    """
    cases = json.loads(sys.argv[1])
    retries = int(sys.argv[2])
    return {
        fault: getattr(mortal_flows, flow).run(told, retries=retries).exec_id
        for fault, (flow, told, _runs) in cases.items()
    }
