"""First file of the host, of a supervisor and of a worker: each begins here, as a program or as a fork of another.

Run as ``python -P start.py host|supervisor|worker DIRECTORY``; only the standard library is sure to be importable here.
A supervisor and a worker take over the import path of the process that submitted the flow.
"""

import gc
import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    role, is_fork = sys.argv[1], False
    if role == "host":
        gc.disable()  # a fifth of the time that loading takes, and nothing to collect
        from kitaru._host import server
        from kitaru._runner.worker import load

        is_fork = server.serve(Path(sys.argv[2]), load)
        gc.enable()
        role = sys.argv[1] if is_fork else "ended"
    # The directory gets another name meanwhile, so that no file in it could tell this. A worker takes it away from the
    # programs that a flow starts; a supervisor keeps it for further workers.
    if role != "ended" and not is_fork:
        sys.path[:] = json.loads(os.environ["KITARU_RUNNER_PATH"])
    if role == "supervisor":
        from kitaru._runner import supervisor

        if supervisor.main(Path(sys.argv[2]), forks=is_fork):
            role = "worker"
    if role == "worker":
        if not is_fork:
            gc.disable()
        del os.environ["KITARU_RUNNER_PATH"]
        from kitaru._runner import worker

        worker.main(Path(sys.argv[2]))
