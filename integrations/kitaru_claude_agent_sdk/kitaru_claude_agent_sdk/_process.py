"""Claude Code that ends with the process that started it.

On its own it goes on when that process is killed: it tells the model that a call was cut off, and asks it again, while the
next attempt asks as well.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import claude_agent_sdk

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

_SET_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of prctl(2), which outlasts exec
_TIE: Final = (
    "import ctypes, os, sys; "
    f"ctypes.CDLL(None).prctl({_SET_PARENT_DEATH_SIGNAL}, {int(signal.SIGKILL)}); "
    "os.getppid() == int(sys.argv[1]) and os.execv(sys.argv[2], sys.argv[2:])"
)


def tied(options: ClaudeAgentOptions) -> ClaudeAgentOptions:
    """Return options with which Claude Code ends with this process, where Linux runs it."""
    bundled = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
    cli = options.cli_path or (bundled if bundled.is_file() else shutil.which("claude"))
    if sys.platform != "linux" or cli is None:
        return options
    starter = _starter(str(cli), os.getpid())
    # A file system may forbid to execute what is on it.
    return replace(options, cli_path=starter) if os.access(starter, os.X_OK) else options


@cache
def _starter(cli: str, parent: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kitaru-claude-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    starter = folder / "claude"
    starter.write_text(f'#!/bin/sh\nexec {quote(sys.executable)} -ISc {quote(_TIE)} {parent} {quote(cli)} "$@"\n')
    starter.chmod(0o700)
    return starter
