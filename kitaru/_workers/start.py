"""First file of the process that workers are forks of; only the standard library is sure to be importable here.

Run as ``python -P start.py DESCRIPTOR``: of the connection to the runner, which first tells the import path.
"""

import json
import socket
import sys

if __name__ == "__main__":
    control = socket.socket(fileno=int(sys.argv[1]))
    size = int.from_bytes(control.recv(4, socket.MSG_WAITALL))
    setup = json.loads(control.recv(size, socket.MSG_WAITALL))
    sys.path[:] = setup["path"]
    sys.argv[:] = setup["arguments"]
    from kitaru._workers import zygote

    zygote.serve(control, setup)
