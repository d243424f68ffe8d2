"""Which host may serve a process, and where its socket is. Standard library only."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import socket
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.package import FOLDER, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKET: Final = "socket"
STATE: Final = "host.json"
LOG: Final = "host.log"
LOCK: Final = "lock"
# Variables that the interpreter or the C library read as a process begins, by how their names begin. What is read while
# ZenML loads, the host finds out itself.
_READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC_", "GLIBC_")


def folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the host that may serve this process, which only this user can enter.

    The name is made from all that a fork cannot take over from the process that asks: interpreter and environment of
    Python, user and groups, namespaces, control groups, limits, priority, and variables that are read early.

    Args:
        env: The variables that the fork is to have.

    Raises:
        OSError: There is none, or somebody else can enter it.
    """
    text = json.dumps(_identity(env), sort_keys=True)
    return _own(_own(_base(env)) / hashlib.sha256(text.encode()).hexdigest()[:16])


def folders() -> list[Path]:
    """Return the folders of all hosts of this user that can be found from here."""
    try:
        return sorted(entry for entry in _own(_base(os.environ)).iterdir() if entry.is_dir())
    except OSError:
        return []


def peer_is_user(connection: socket.socket) -> bool:
    """Whether the process at the other end belongs to the user that this one belongs to."""
    # socket(7): the peer's pid, uid and gid, of 4 bytes each.
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[4:8], sys.byteorder) == os.geteuid()


def _base(env: Mapping[str, str]) -> Path:
    given = env.get("XDG_RUNTIME_DIR")
    if given and Path(given).is_absolute() and Path(given).is_dir():
        return Path(given) / "kitaru"
    return Path(tempfile.gettempdir()) / f"kitaru-{os.geteuid()}"


def _own(path: Path) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(f"{path} is not a folder that only its user can enter")
    return path


def _identity(env: Mapping[str, str]) -> list[Any]:
    limits = {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}
    process = Path("/proc/self")
    # By its real path: scripts that pip has installed call it python3, a person python.
    interpreter = os.path.realpath(sys.executable)
    return [
        [interpreter, sys.prefix, sys.version, FOLDER.as_posix(), VERSION],
        [os.geteuid(), os.getegid(), sorted(os.getgroups())],
        [str((process / "ns" / name).readlink()) for name in ("pid", "mnt", "net", "user")],
        [(process / "cgroup").read_text(), limits, os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0))],
        {name: value for name, value in env.items() if name.startswith(_READ_AT_START)},
    ]
