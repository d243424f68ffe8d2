"""Wait for an execution whose runner is lost, and look at the error that says so."""

from __future__ import annotations

import pickle
import sys
import time

from expecting import raised

from kitaru import FlowHandle, KitaruRunnerLostError

if __name__ == "__main__":
    exec_id = sys.argv[1]
    error = raised(KitaruRunnerLostError, lambda: FlowHandle.from_id(exec_id).wait(timeout=300))
    print(time.time())
    again = pickle.loads(pickle.dumps(error))
    assert again.exec_id == error.exec_id == exec_id
    assert again.status == "failed"
    assert again.failure_origin == "runner"
    assert "SIGKILL" in str(again)
    assert again.recovery == f"kitaru executions retry {exec_id}"
