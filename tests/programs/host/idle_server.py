"""Serves as a host that nobody asks for anything, until its patience ends."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from kitaru._host import address, server

server._PATIENCE = 0.2  # type: ignore[misc]  # it is final for others
folder = address.folder()
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(str(folder / address.SOCKET))
    listener.listen()
    os.dup2(listener.fileno(), 0)
assert server.serve(folder, [], lambda _: []) is False
assert {path.name for path in folder.iterdir()} == {"lock"}
Path("ended").touch()
