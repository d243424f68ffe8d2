"""Start a mortal flow, and print the ids of its executions.

The argument is JSON: ``{"flow": "three", "inputs": ["second kill"], "options": {"retries": 1}, "times": 1}``.
"""

from __future__ import annotations

import json
import sys

import mortal_flows
from outcomes import out

if __name__ == "__main__":
    start = json.loads(sys.argv[1])
    flow = getattr(mortal_flows, start["flow"])
    out([flow.run(*start["inputs"], **start["options"]).exec_id for _ in range(start["times"])])
