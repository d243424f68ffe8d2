"""A flow whose module raises where a runner imports it."""

from __future__ import annotations

import sys

from kitaru import flow

if "worker" in sys.argv:
    raise RuntimeError("no licence for this machine")


@flow
def one() -> int:
    return 1
