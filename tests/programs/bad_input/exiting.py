"""A flow whose module exits where a runner imports it."""

from __future__ import annotations

import sys
from pathlib import Path

from kitaru import flow

if (imported := Path(__file__).with_suffix(".imported")).exists():  # by the program before
    sys.exit(3)
imported.touch()


@flow
def one() -> int:
    return 1
