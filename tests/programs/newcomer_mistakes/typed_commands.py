"""Command lines that are typed one after the other in one process, which opens ZenML's store once."""

from __future__ import annotations

import contextlib
import io
import json
import sys

from kitaru._cli.main import main


def typed(arguments: list[str]) -> str:
    """Return what the command says on stderr."""
    said = io.StringIO()
    sys.argv = ["kitaru", *arguments]
    with contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
        main()
    return said.getvalue()


if __name__ == "__main__":
    print(json.dumps([typed(arguments) for arguments in json.load(sys.stdin)]))
