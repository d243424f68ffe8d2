"""First file of the host, of a supervisor and of a worker: each begins here, as a program or as a fork of another.

So do commands that the host runs, and readers, which are always forks, and processes that call hooks, which never are.

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
        from kitaru._host import command, server
        from kitaru._runner import reader, submission, supervisor, worker  # noqa: F401 - what forks need

        if not server.serve(Path(sys.argv[2]), [worker.load, worker.warm, command.load], supervisor.heirs):
            sys.exit()
        gc.enable()
        # From here on it is a fork, with arguments of its own.
        if sys.argv[1] == "command":
            command.be()
        if sys.argv[1] == "reader":
            reader.be()
        if sys.argv[1] == "heir":
            supervisor.take_over(Path(sys.argv[2]), sys.argv[3])
    else:
        # The directory gets another name meanwhile, so that no file in it could tell the import path. A worker takes it away
        # from the programs that a flow starts; a supervisor keeps it for further workers.
        sys.path[:] = json.loads(os.environ["KITARU_RUNNER_PATH"])
    if sys.argv[1] == "hooks":
        from kitaru._runner import hooks

        hooks.begin(Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4]))
    if sys.argv[1] == "hooks here":
        from kitaru._runner import hooks

        os.environ.pop("KITARU_RUNNER_PATH", None)
        hooks.call(Path(sys.argv[2]), sys.argv[3])
    if sys.argv[1] == "supervisor":
        from kitaru._runner import supervisor

        supervisor.main(Path(sys.argv[2]), forks=is_fork, order=sys.argv[3:])
    if sys.argv[1] == "worker":
        if not is_fork:
            gc.disable()
        os.environ.pop("KITARU_RUNNER_PATH", None)  # a host that recovers what was lost has none
        from kitaru._runner import worker

        worker.main(Path(sys.argv[2]), sys.argv[3:])
    if is_fork:
        from kitaru._core.process.forks import end_in_short

        end_in_short()
        os._exit(0)
