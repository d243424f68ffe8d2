"""Several commands in one process, as a process for each would open the store anew; prints what came of each."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

from kitaru._cli.main import main


def call(*arguments: str) -> tuple[Any, str, str]:
    """Call a command, and return its exit code, stdout and stderr."""
    sys.argv = ["kitaru", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            return ended.code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    print(json.dumps([call(*arguments) for arguments in json.loads(sys.argv[1])]))
