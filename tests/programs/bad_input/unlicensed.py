"""A flow whose module raises where a runner imports it."""

from __future__ import annotations

from pathlib import Path

from kitaru import flow

if (imported := Path(__file__).with_suffix(".imported")).exists():  # by the program before
    raise RuntimeError("no licence for this machine")
imported.touch()


@flow
def one() -> int:
    return 1
