"""Listens, as another user, where a host would; prints that it does, and at its end how much it was told."""

from __future__ import annotations

import os
import select
import socket
import sys
from pathlib import Path

NOBODY = 65534

path = Path(sys.argv[1])
path.unlink(missing_ok=True)
listener = socket.socket(socket.AF_UNIX)
listener.bind(str(path))
os.setgroups([])
os.setgid(NOBODY)
os.setuid(NOBODY)  # the kernel tells whose it is by who begins to listen
listener.listen()
print("listening", flush=True)
heard, others = 0, [listener]
while True:
    ready, _, _ = select.select([sys.stdin, *others], [], [])
    if sys.stdin in ready:
        break
    for one in [other for other in others if other in ready]:
        if one is listener:
            others.append(listener.accept()[0])
        elif part := one.recv(2**16):
            heard += len(part)
        else:
            others.remove(one)
print(heard, flush=True)
