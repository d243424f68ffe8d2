"""Submissions to a stack are killed at each point on their way; the file that arms them is the argument."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from handing_out import out


def main(armed: Path) -> None:
    codes = {}
    for point in ("bound", "compiled", "created", "launched"):
        armed.write_text(f"submitter, {point}")
        submit = "from container_flows import mended; mended.run()"
        env = {**os.environ, "KITARU_CRASH_POINT": str(armed)}
        code = subprocess.run([sys.executable, "-c", submit], env=env, check=False).returncode
        codes[point] = [code, armed.read_text()]
    out(codes)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
