"""First file of a supervisor and of a worker: takes over the import path of the process that submitted the flow.

Run as ``python -P start.py supervisor|worker DIRECTORY``; only the standard library is sure to be importable here.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    role, directory = sys.argv[1], Path(sys.argv[2])
    sys.path[:] = json.loads((directory / "boot.json").read_text(encoding="utf-8"))["path"]
    if role == "supervisor":
        from kitaru._runner.supervisor import main
    else:
        from kitaru._runner.worker import main
    main(directory)
