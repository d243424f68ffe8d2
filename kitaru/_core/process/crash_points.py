"""Named points at which tests have this process die, or stop. Standard library only.

``KITARU_CRASH_POINT`` names a file; without it, every point is one look at the environment. Each line of the file arms one
point, as ``name[:nth[:how]]``: the process that reaches the point for the nth time (1) takes the line away and dies by
``kill`` (the default), ``segv`` or ``exit``, or stops by ``stop`` until it is sent SIGCONT. Whoever comes after it lives,
unless another line is there.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Final

VARIABLE: Final = "KITARU_CRASH_POINT"
_SIGNALS: Final = {"segv": signal.SIGSEGV, "stop": signal.SIGSTOP}
_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die or stop here if a test has asked for it."""
    armed = os.environ.get(VARIABLE)
    if armed is not None:
        _die_if_armed(name, Path(armed))


def _die_if_armed(name: str, file: Path) -> None:
    _reached[name] += 1
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        point, nth, how, *_ = [*line.split(":"), "", ""]
        if point == name and _reached[name] == int(nth or 1):
            lines.remove(line)
            file.write_text("\n".join(lines), encoding="utf-8")
            _die(how)


def _die(how: str) -> None:
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), _SIGNALS.get(how, signal.SIGKILL))
