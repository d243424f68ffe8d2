"""Runs a flow in pods and notes each status that it has; its image is the argument, as JSON."""

from __future__ import annotations

import json
import sys
import time

from team.flows import spread

if __name__ == "__main__":
    handle = spread.run(image=json.loads(sys.argv[1]))
    seen = [str(handle.status)]
    while seen[-1] not in ("completed", "failed", "cancelled"):
        time.sleep(0.05)
        if (status := str(handle.status)) != seen[-1]:
            seen.append(status)
    print(json.dumps([handle.exec_id, seen, handle.wait(), [entry.message for entry in handle.logs()]]))
