"""Looks around from a runner of its own and from two that the host forks, each started in other surroundings."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from surroundings import look_around

results = []
for host in ("off", "on", "on"):
    os.environ.update(KITARU_HOST=host, NEW_SINCE=host)
    results.append(look_around.run().wait(timeout=300, progress=False))
    os.umask(0o027)
    os.chdir(Path(sys.path[0]) / "elsewhere" if host == "on" else Path())
print(json.dumps(results))
