"""A flow whose module exits where a runner imports it."""

from __future__ import annotations

import sys

from kitaru import flow

if "worker" in sys.argv:
    sys.exit(3)


@flow
def one() -> int:
    return 1
