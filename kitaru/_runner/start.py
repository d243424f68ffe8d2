"""First file of a supervisor and of a worker: takes over the import path of the process that submitted the flow.

Run as ``python -P start.py supervisor|worker DIRECTORY``; only the standard library is sure to be importable here.
"""

import gc
import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    role, directory = sys.argv[1], Path(sys.argv[2])
    # The directory gets another name meanwhile, so that no file in it could tell this. A worker takes it away from the
    # programs that a flow starts; a supervisor keeps it for further workers.
    sys.path[:] = json.loads(os.environ["KITARU_RUNNER_PATH"])
    if role == "worker":
        gc.disable()  # a fifth of the time that loading takes, and nothing to collect; on again before the flow
        del os.environ["KITARU_RUNNER_PATH"]
    if role == "supervisor":
        from kitaru._runner.supervisor import main
    else:
        from kitaru._runner.worker import main
    main(directory)
