"""First file of the host, of a supervisor and of a worker: each begins here, as a program or as a fork of another.

A command that the host runs is a fork, too.

Run as ``python -P start.py host|supervisor|worker DIRECTORY``; only the standard library is sure to be importable here.
A supervisor and a worker take over the import path of the process that submitted the flow.
"""

import gc
import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    is_fork = sys.argv[1] == "host"
    if is_fork:
        gc.disable()  # a fifth of the time that loading takes, and nothing to collect
        from kitaru._host import server
        from kitaru._runner.worker import load

        if not server.serve(Path(sys.argv[2]), load):
            sys.exit()
        gc.enable()
    else:
        sys.path[:] = json.loads(os.environ["KITARU_RUNNER_PATH"])
    # From here on a fork has arguments of its own. The directory gets another name meanwhile, so that no file in it could
    # tell the import path. A worker takes it away from the programs that a flow starts; a supervisor keeps it for further
    # workers.
    if sys.argv[1] == "command":
        from kitaru._host import command

        command.be()
    if sys.argv[1] == "supervisor":
        from kitaru._runner import supervisor

        supervisor.main(Path(sys.argv[2]), forks=is_fork)
    if sys.argv[1] == "worker":
        if not is_fork:
            gc.disable()
        del os.environ["KITARU_RUNNER_PATH"]
        from kitaru._runner import worker

        worker.main(Path(sys.argv[2]))
