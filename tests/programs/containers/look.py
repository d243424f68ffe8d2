"""A flow that looks around in its container: at packages, variables, commands and files."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import socket
from pathlib import Path
from typing import Any

from kitaru import checkpoint, flow


def version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@checkpoint(cache=False)
def look(wanted: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "host": socket.gethostname(),
        "packages": {name: version(name) for name in wanted.get("packages", [])},
        "variables": {name: os.environ.get(name) for name in wanted.get("variables", [])},
        "commands": {name: shutil.which(name) for name in wanted.get("commands", [])},
        "files": {n: Path(n).read_text() if Path(n).exists() else None for n in wanted.get("files", [])},
    }


@flow(cache=False)
def inside(wanted: dict[str, list[str]]) -> dict[str, Any]:
    return look(wanted)
