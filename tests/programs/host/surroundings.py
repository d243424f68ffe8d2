"""A flow that gives what a runner sees around it: its folder, environment, path, signals, open sockets and more."""

from __future__ import annotations

import os
import random
import signal
import site
import sys
import sysconfig
from pathlib import Path
from typing import Any

from kitaru import checkpoint, flow


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def open_sockets() -> list[str]:
    descriptors = Path("/proc/self/fd").iterdir()
    return sorted(str(fd.readlink()) for fd in descriptors if fd.exists() and "socket:" in str(fd.readlink()))


@checkpoint(cache=False)
def surroundings() -> dict[str, Any]:
    supervisor = os.getppid()
    umask = os.umask(0)
    os.umask(umask)
    return {
        "host": parent_of(supervisor),
        "folder": str(Path.cwd()),
        "path": sys.path,
        "umask": umask,
        "argv": sys.argv[1:2],
        "random": random.random(),
        "env": dict(os.environ),
        "session": os.getsid(0) == supervisor,
        "group": os.getpgid(0) == os.getpid(),
        "user": [site.getuserbase(), sysconfig.get_config_var("userbase")],
        "signals": [str(signal.getsignal(number)).split(" at ")[0] for number in (signal.SIGCHLD, signal.SIGINT)],
        "descriptors": open_sockets(),
    }


@flow(cache=False)
def look_around() -> dict[str, Any]:
    return surroundings()
